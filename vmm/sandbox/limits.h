// Resource limits of a confined VMM (setrlimit(2)): hard ones, which it cannot raise again without a capability.
#pragma once

#include <cstdint>
#include <span>

namespace husk::sandbox {

// Room in the address space besides the guest's: the program, libc's heap, stacks, the vCPU's shared state.
inline constexpr std::uint64_t kOwnAddressSpace = std::uint64_t{512} << 20;

// A vCPU's and an I/O thread, KVM's worker, and room for VMMs that happen to be the same user. Counted for the user, so
// it is set only where that is the VMM's own.
inline constexpr std::uint64_t kMaxThreads = 64;

struct Limits {
  std::uint64_t guest_bytes = 0;  // of the address space
  int highest_descriptor = 2;
  std::span<const int> output = {};  // descriptors besides 1 and 2 that may be written to
};

// RLIMIT_CORE 0 (a core dump would hold the payload's memory), RLIMIT_AS, RLIMIT_NOFILE (no descriptor more than there
// are), and RLIMIT_FSIZE 0 unless the payload's output or another file is a regular file.
void limit_resources(const Limits& limits);

void limit_threads();

}  // namespace husk::sandbox
