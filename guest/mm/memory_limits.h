// The resource limits that an address space keeps to (getrlimit(2)): those of the process that makes it grow, at that
// moment, as on Linux.
#pragma once

#include <cstdint>

namespace kernel::mm {

struct MemoryLimits {
  std::uint64_t total;   // RLIMIT_AS
  std::uint64_t data;    // RLIMIT_DATA
  std::uint64_t stack;   // RLIMIT_STACK
  std::uint64_t locked;  // RLIMIT_MEMLOCK; no limit for who is privileged (CAP_IPC_LOCK)
};

MemoryLimits memory_limits_of_caller();

}  // namespace kernel::mm
