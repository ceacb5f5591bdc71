// What a fuzzing thread knows of where it runs, and the memory that its arguments lie in.
#pragma once

#include <cstdint>

#include "tests/fuzz/syscalls/record.h"

namespace fuzz {

// A family begins with so many descriptors open, one of each kind (family.cc).
inline constexpr std::uint64_t kOpenDescriptors = 56;

enum class Where : std::uint8_t { kNative, kRing0, kRing3 };

struct World {
  Where where;
  bool root;                    // this family's user
  std::int32_t last_protected;  // process ids up to this one are the supervisor's and the watchers'
  std::uint64_t syscall_entry;  // of the guest kernel; 0: unknown
  Block* block;
  std::uint64_t vdso;
  bool trace;  // every call is written to standard output before it is made
};

// Fixed addresses, so that a seed gives the same arguments in every process.
inline constexpr std::uint64_t kPage = 4096;
inline constexpr std::uint64_t kData = 0x20'0000'0000, kDataSize = 64 * kPage;
inline constexpr std::uint64_t kGuard = kData + kDataSize;  // nothing is mapped in this page
inline constexpr std::uint64_t kReadOnly = kGuard + kPage, kForbidden = kReadOnly + kPage, kCode = kForbidden + kPage;
inline constexpr std::uint64_t kShared = kCode + kPage, kSharedSize = 4 * kPage;  // with all descendants
inline constexpr std::uint64_t kPlayground = 0x30'0000'0000, kPlaygroundSize = 256 * kPage;
inline constexpr std::uint64_t kStacks = 0x40'0000'0000, kStackSize = 16 * kPage, kStackCount = 32;
inline constexpr std::uint64_t kSignalStacks = 0x50'0000'0000, kSignalStackCount = 4;

// Where the payload could really reach the kernel's memory, in ring 3 mode: what the payload does there by its own
// instructions it does to itself (docs/life-of-a-system-call.md), so only system calls get such addresses.
inline constexpr std::uint64_t kReachableKernel = 0x7f80'0000'0000, kReachableKernelEnd = 0x7fe0'0000'0000;

inline std::uint64_t for_own_use(const World& world, std::uint64_t address) {
  if (world.where == Where::kRing3 && address >= kReachableKernel - kPage && address < kReachableKernelEnd)
    return address | 0x7ff0'0000'0000;
  return address;
}

}  // namespace fuzz
