// The devices of major number 1 (Linux, Documentation/admin-guide/devices.txt).
#pragma once

#include <cstdint>

#include "fs/char_device.h"

namespace kernel::fs {

inline constexpr std::uint32_t kMemoryMajor = 1;
enum : std::uint32_t { kNullMinor = 3, kZeroMinor = 5, kFullMinor = 7, kRandomMinor = 8, kUrandomMinor = 9 };

CharDevice* memory_device(std::uint32_t minor);

}  // namespace kernel::fs
