// vsyscalls: what programs that are older than the vDSO call at fixed addresses in Linux's half: C libraries before
// glibc 2.14, and so the images of old distributions, and Go up to 1.2. There is no page there. The call faults, and the
// kernel does what the function would have done, as Linux does (vsyscall=xonly; arch/x86/entry/vsyscall/vsyscall_64.c).
#pragma once

#include <cstdint>
#include <iterator>

namespace kernel::arch {

inline constexpr std::uint64_t kVsyscallPage = 0xffff'ffff'ff60'0000;

constexpr bool is_on_vsyscall_page(std::uint64_t address) {
  return address >> 12 == kVsyscallPage >> 12;
}

struct Vsyscall {
  std::uint16_t number;   // of the system call that it stands for
  std::uint8_t pointers;  // how many of its first arguments are
};

inline constexpr Vsyscall kVsyscalls[] = {{96, 2}, {201, 1}, {309, 2}};  // gettimeofday, time, getcpu

// The function that begins at `address`, or null.
constexpr const Vsyscall* vsyscall_at(std::uint64_t address) {
  constexpr std::uint64_t kDistance = 0x400;
  const std::uint64_t offset = address - kVsyscallPage;
  if (offset % kDistance != 0 || offset / kDistance >= std::size(kVsyscalls)) return nullptr;
  return &kVsyscalls[offset / kDistance];
}

}  // namespace kernel::arch
