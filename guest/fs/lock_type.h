// The types of locks and leases.
#pragma once

#include <cstdint>

namespace kernel::fs {

enum class LockType : std::uint8_t { kRead = 0, kWrite = 1, kUnlock = 2 };  // F_RDLCK, F_WRLCK, F_UNLCK

}  // namespace kernel::fs
