// Page tables and descriptor tables, read back the way the processor reads them.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "vmm/boot/boot_arena.h"
#include "vmm/boot/descriptor_tables.h"
#include "vmm/boot/page_tables.h"

namespace husk::boot {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

class BootTables : public ::testing::Test {
 protected:
  BootTables() : bytes_(4 * kMiB) { memory_.add_region(Gpa{0}, bytes_); }

  struct Translation {
    std::uint64_t physical = 0;
    bool writable = true, user = true, executable = true;
    bool accessed = true, dirty = false;
  };

  // SDM vol. 3, figure 4-8 and 4-9: rights are the conjunction over all levels.
  std::optional<Translation> walk(Gpa root, std::uint64_t va) const {
    Translation result;
    std::uint64_t table = root.value;
    for (unsigned level = 4; level >= 1; --level) {
      const std::uint64_t index = (va >> (12 + 9 * (level - 1))) & 511;
      const std::uint64_t entry = memory_.read<std::uint64_t>(Gpa{table + index * 8}).value();
      if ((entry & 1) == 0) return std::nullopt;
      result.writable = result.writable && (entry >> 1 & 1) != 0;
      result.user = result.user && (entry >> 2 & 1) != 0;
      result.accessed = result.accessed && (entry >> 5 & 1) != 0;
      result.executable = result.executable && (entry >> 63) == 0;
      const std::uint64_t address = entry & 0x000f'ffff'ffff'f000;
      const bool leaf = level == 1 || (entry >> 7 & 1) != 0;
      if (leaf) {
        const std::uint64_t mask = (std::uint64_t{1} << (12 + 9 * (level - 1))) - 1;
        EXPECT_EQ(address & mask, 0u);
        result.dirty = (entry >> 6 & 1) != 0;
        result.physical = address + (va & mask);
        return result;
      }
      table = address;
    }
    return std::nullopt;
  }

  std::vector<std::byte> bytes_;
  GuestMemory memory_;
};

TEST_F(BootTables, MapExactlyWhatWasAsked) {
  BootArena arena(memory_);
  PageTables tables(arena, PageOwner::kUser);
  tables.map(Gpa{0x1000}, 0x2000, PageAccess::kReadOnly);
  tables.map(Gpa{0x10'0000}, 0x1234, PageAccess::kReadExecute);
  // From the middle of one 2 MiB region to the middle of another: small pages at both ends, large ones between.
  tables.map(Gpa{0x30'0000}, 5 * kMiB, PageAccess::kReadWrite);
  tables.map(Gpa{abi::kRootImageGpa}, 2 * kMiB, PageAccess::kReadOnly);

  for (std::uint64_t gpa = 0; gpa < 0x90'0000; gpa += 0x1000) {
    const auto found = walk(tables.root(), abi::kKernelBase + gpa + 0x123);
    const bool first = gpa >= 0x1000 && gpa < 0x3000;
    const bool code = gpa >= 0x10'0000 && gpa < 0x10'2000;
    const bool data = gpa >= 0x30'0000 && gpa < 0x80'0000;
    ASSERT_EQ(found.has_value(), first || code || data) << std::hex << gpa;
    if (!found) continue;
    EXPECT_EQ(found->physical, gpa + 0x123);
    EXPECT_EQ(found->writable, data);
    EXPECT_EQ(found->executable, code);
    EXPECT_TRUE(found->user && found->accessed && found->dirty);
  }
  const auto image = walk(tables.root(), abi::kKernelBase + abi::kRootImageGpa + 0x1f'ffff);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->physical, abi::kRootImageGpa + 0x1f'ffff);
  EXPECT_FALSE(image->writable || image->executable);
}

TEST_F(BootTables, UseOneKernelSlotOnly) {
  BootArena arena(memory_);
  PageTables tables(arena, PageOwner::kSupervisor);
  tables.map(Gpa{0}, 4 * kMiB, PageAccess::kReadWrite);
  tables.map(Gpa{abi::kMmioBase}, 2 * kMiB, PageAccess::kReadWrite);
  for (std::uint64_t slot = 0; slot < 512; ++slot) {
    const auto entry = memory_.read<std::uint64_t>(tables.root() + slot * 8).value();
    EXPECT_EQ(entry != 0, slot == abi::kKernelPml4Slot);
  }
  EXPECT_FALSE(walk(tables.root(), abi::kKernelBase)->user);
  EXPECT_FALSE(walk(tables.root(), abi::kKernelBase + abi::kControlGpa)->user);
}

TEST_F(BootTables, ArenaEndsBelowTheKernel) {
  BootArena arena(memory_);
  EXPECT_THROW(arena.allocate(abi::kKernelGpa, "something"), Error);
  EXPECT_THROW(arena.allocate(~std::uint64_t{0}, "something"), Error);
  const Gpa last = arena.allocate(arena.remaining(), "everything");
  EXPECT_EQ(last, Gpa{abi::kBootTablesGpa});
  EXPECT_EQ(arena.next(), Gpa{abi::kKernelGpa});
  EXPECT_THROW(arena.allocate(1, "one more"), Error);
}

abi::KernelNote note() {
  return {.abi_version = abi::kAbiVersion,
          .vector_stub_size = 32,
          .entry = 0,
          .boot_stack_top = 0,
          .vector_stubs_ring0 = 0x7f80'0010'1000,
          .vector_stubs_ring3 = 0x7f80'0010'4000,
          .syscall_entry = 0,
          .tss = 0x7f80'1234'5678,
          .tss_size = 0x2068};
}

TEST_F(BootTables, InterruptGates) {
  for (const Ring ring : {Ring::kRing0, Ring::kRing3}) {
    write_idt(memory_, note(), ring);
    for (std::uint64_t vector = 0; vector < 256; ++vector) {
      const auto gate = memory_.read<std::array<std::uint64_t, 2>>(Gpa{abi::kIdtGpa + vector * 16}).value();
      const std::uint64_t target = (gate[0] & 0xffff) | (gate[0] >> 48 << 16) | (gate[1] << 32);
      EXPECT_EQ(target, (ring == Ring::kRing0 ? 0x7f80'0010'1000 : 0x7f80'0010'4000) + vector * 32);
      EXPECT_EQ(gate[0] >> 16 & 0xffff, abi::kKernelCs);
      // The double fault has a stack of its own, since the task's may be what has overflowed. In ring 3 exceptions come
      // on the task's, and interrupts, which come while that is in use, on another, whatever the level is that they interrupt.
      const bool by_level = ring == Ring::kRing0 || vector == 3;
      EXPECT_EQ(gate[0] >> 32 & 0xff, vector == 8 ? 1u : by_level ? 0u : vector < 32 ? 2u : 3u);
      EXPECT_EQ(gate[0] >> 40 & 0x1f, 14u);
      EXPECT_EQ(gate[0] >> 45 & 3, vector == 3 || vector == 4 ? 3u : 0u);
      EXPECT_EQ(gate[0] >> 47 & 1, 1u);
    }
  }
}

TEST_F(BootTables, Segments) {
  write_gdt(memory_, note());
  const auto descriptor = [this](std::uint16_t selector) {
    return memory_.read<std::uint64_t>(Gpa{abi::kGdtGpa + (selector & ~7u)}).value();
  };
  EXPECT_EQ(descriptor(0), 0u);
  const auto dpl = [&](std::uint16_t selector) { return descriptor(selector) >> 45 & 3; };
  const auto long_mode = [&](std::uint16_t selector) { return descriptor(selector) >> 53 & 1; };
  EXPECT_EQ(dpl(abi::kKernelCs), 0u);
  EXPECT_EQ(dpl(abi::kUserCs), 3u);
  EXPECT_EQ(dpl(abi::kUserSs), 3u);
  EXPECT_EQ(long_mode(abi::kKernelCs), 1u);
  EXPECT_EQ(long_mode(abi::kUserCs), 1u);
  EXPECT_EQ(descriptor(abi::kUserCs32), 0u);  // no 32-bit code: its SYSCALL would enter CPL 0 somewhere else
  // What SYSCALL and SYSRET take from STAR is consistent with the table (SDM vol. 2, SYSRET).
  EXPECT_EQ((abi::kStar >> 32 & 0xffff), abi::kKernelCs);
  EXPECT_EQ((abi::kStar >> 32 & 0xffff) + 8, abi::kKernelSs);
  EXPECT_EQ((abi::kStar >> 48) + 16, abi::kUserCs);
  EXPECT_EQ((abi::kStar >> 48) + 8, abi::kUserSs);

  const std::uint64_t low = descriptor(abi::kTssSelector);
  const std::uint64_t high = descriptor(abi::kTssSelector + 8);
  EXPECT_EQ((low >> 16 & 0xff'ffff) | (low >> 56 << 24) | (high << 32), note().tss);
  EXPECT_EQ((low & 0xffff) | (low >> 48 & 0xf) << 16, note().tss_size - 1);
  EXPECT_EQ(task_segment(note()).base, note().tss);
  EXPECT_EQ(task_segment(note()).type, 11);
}

}  // namespace
}  // namespace husk::boot
