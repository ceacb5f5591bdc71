// Entries of the processor's tables, for whoever plays the kernel's boot loader: husk's VMM (vmm/boot/) or the PVH
// loader (guest/boot/pvh/). Numbers of the processor's manual (Intel SDM vol. 3), and the kernel's GDT made of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "abi/husk_abi.h"

namespace husk::abi {

// ---------------------------------------------------------------- page tables: 4.5, tables 4-15 to 4-20
inline constexpr std::uint64_t kPagePresent = 1 << 0;
inline constexpr std::uint64_t kPageWritable = 1 << 1;
inline constexpr std::uint64_t kPageUser = 1 << 2;
inline constexpr std::uint64_t kPageAccessed = 1 << 5;
inline constexpr std::uint64_t kPageDirty = 1 << 6;
inline constexpr std::uint64_t kPageLarge = 1 << 7;
inline constexpr std::uint64_t kPageNoExecute = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kPageAddressMask = 0x000f'ffff'ffff'f000;
inline constexpr std::uint64_t kLargePageSize = std::uint64_t{2} << 20;

// Level 4 is the root, level 1 holds 4 KiB pages.
constexpr std::uint64_t page_table_index(std::uint64_t address, unsigned level) {
  return (address >> (12 + 9 * (level - 1))) & 511;
}

// ---------------------------------------------------------------- control registers: 2.5; EFER: 2.2.1
inline constexpr std::uint64_t kCr0Pe = 1 << 0, kCr0Mp = 1 << 1, kCr0Et = 1 << 4, kCr0Ne = 1 << 5, kCr0Wp = 1 << 16,
                               kCr0Am = 1 << 18, kCr0Pg = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kCr4Pae = 1 << 5, kCr4Pge = 1 << 7, kCr4Osfxsr = 1 << 9, kCr4Osxmmexcpt = 1 << 10,
                               kCr4Fsgsbase = 1 << 16, kCr4Osxsave = 1 << 18, kCr4Smep = 1 << 20, kCr4Smap = 1 << 21;
inline constexpr std::uint64_t kEferSce = 1 << 0, kEferLme = 1 << 8, kEferLma = 1 << 10, kEferNxe = 1 << 11;
inline constexpr std::uint64_t kRflagsReserved = 1 << 1, kRflagsIf = 1 << 9;

// ---------------------------------------------------------------- descriptors
// 3.4.5: flat segments; "accessed" is set, so that loading one never writes the table.
inline constexpr std::uint64_t kCode64Dpl0 = 0x00af'9b00'0000'ffff;
inline constexpr std::uint64_t kDataDpl0 = 0x00cf'9300'0000'ffff;
inline constexpr std::uint64_t kDataDpl3 = 0x00cf'f300'0000'ffff;
inline constexpr std::uint64_t kCode64Dpl3 = 0x00af'fb00'0000'ffff;
inline constexpr std::uint8_t kTypeBusyTss = 11;  // 8.7: 64-bit TSS, what TR must hold
inline constexpr std::uint8_t kTypeInterruptGate = 14;

inline constexpr std::size_t kGdtEntries = 16;
inline constexpr std::size_t kIdtEntries = 256;

constexpr std::array<std::uint64_t, kGdtEntries> make_gdt(std::uint64_t tss, std::uint64_t tss_size) {
  std::array<std::uint64_t, kGdtEntries> gdt{};
  gdt[kKernelCs >> 3] = kCode64Dpl0;
  gdt[kKernelSs >> 3] = kDataDpl0;
  // kUserCs32 stays empty. Only STAR needs the number; 32-bit code has no system calls here, and on AMD its SYSCALL
  // would enter CPL 0 at CSTAR, where nothing is.
  gdt[kUserSs >> 3] = kDataDpl3;
  gdt[kUserCs >> 3] = kCode64Dpl3;
  // Figure 8-4: a TSS descriptor takes two entries.
  const std::uint64_t limit = tss_size - 1;
  gdt[kTssSelector >> 3] = (limit & 0xffff) | ((tss & 0xff'ffff) << 16) | (std::uint64_t{0x80 | kTypeBusyTss} << 40) |
                           (((limit >> 16) & 0xf) << 48) | (((tss >> 24) & 0xff) << 56);
  gdt[(kTssSelector >> 3) + 1] = tss >> 32;
  return gdt;
}

// The stack of the TSS's interrupt stack table on which a vector's stub is entered; 0: that of its privilege level. A double
// fault gets one of its own (6.14.5): it may be that the stack in use is what is wrong. Where the kernel runs in CPL 3,
// its exceptions come on the current task's kernel stack, as they do by themselves where it runs in CPL 0, but not the
// breakpoint, which it uses itself. Interrupts have one of their own there: that kernel has them enabled, and where the processor
// executes CPL 0 itself, SYSCALL enters CPL 0 with them enabled and with the payload's stack. Without a change of level an
// interrupt would come on that: over the payload's red zone, later over what the kernel is about to load.
constexpr std::uint64_t interrupt_stack(std::uint64_t vector, bool kernel_in_ring0) {
  if (vector == 8) return 1;
  if (kernel_in_ring0 || vector == 3) return 0;
  return vector < 32 ? 2 : 3;
}

// Figure 6-8: a 64-bit interrupt gate. INT3 and INTO may come from the user (6.12.1.2), everything else only from the
// processor.
constexpr std::array<std::uint64_t, 2> make_interrupt_gate(std::uint64_t vector, std::uint64_t target,
                                                           bool kernel_in_ring0) {
  const std::uint64_t dpl = vector == 3 || vector == 4 ? 3 : 0;
  return {(target & 0xffff) | (std::uint64_t{kKernelCs} << 16) | (interrupt_stack(vector, kernel_in_ring0) << 32) |
              ((0x80 | (dpl << 5) | kTypeInterruptGate) << 40) | (((target >> 16) & 0xffff) << 48),
          target >> 32};
}

}  // namespace husk::abi
