// The PVH loader's page tables, read back the way the processor reads them. The loader reaches physical memory in the
// kernel's direct map, whose addresses are a process's on the host: so the tables are built in memory that is mapped
// there.
#include "boot/pvh/page_tables.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>

#include "abi/husk_abi.h"
#include "mm/address.h"

namespace kernel::pvh {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kPage = mm::kPageSize;
constexpr std::byte kDirt{0xa5};

// Dirty memory somewhere in the direct map, with a page on each side that must stay as it is.
class PvhPageTablesTest : public ::testing::Test {
 protected:
  PvhPageTablesTest() {
    constexpr std::uint64_t kStep = std::uint64_t{1} << 30;
    for (std::uint64_t gpa = kStep; memory_.empty() && gpa < 511 * kStep; gpa += kStep) {
      void* const wanted = mm::physical_pointer<void>(gpa);
      void* const found =
          mmap(wanted, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (found == wanted) memory_ = {static_cast<std::byte*>(found), kSize};
    }
    if (memory_.empty()) throw std::runtime_error("nothing is free in the range of the kernel's direct map");
    std::ranges::fill(memory_, kDirt);
  }
  ~PvhPageTablesTest() override { munmap(memory_.data(), memory_.size()); }

  static constexpr std::uint64_t kArenaPages = 16;
  static constexpr std::uint64_t kSize = (kArenaPages + 2) * kPage;

  PhysicalRange arena(std::uint64_t pages = kArenaPages) const {
    return {mm::physical_of(memory_.data()) + kPage, pages * kPage};
  }
  bool untouched(std::uint64_t first, std::uint64_t last) const {  // pages of memory_
    const auto bytes = memory_.subspan(first * kPage, (last - first) * kPage);
    return std::ranges::all_of(bytes, [](std::byte b) { return b == kDirt; });
  }

  struct Translation {
    std::uint64_t physical = 0;
    bool writable = true, user = true, executable = true, accessed = true, dirty = false;
    unsigned level = 0;
  };
  // SDM vol. 3, figures 4-8 and 4-9: rights are the conjunction over all levels.
  std::optional<Translation> walk(const PageTables& tables, std::uint64_t gpa) const {
    const std::uint64_t va = mm::kKernelBase + gpa;
    Translation result;
    std::uint64_t table = tables.root();
    for (result.level = 4;; --result.level) {
      EXPECT_TRUE(table >= arena().start && table < tables.next_free()) << std::hex << table;
      const unsigned shift = 12 + 9 * (result.level - 1);
      const std::uint64_t entry = mm::physical_pointer<std::uint64_t>(table)[va >> shift & 511];
      if ((entry & 1) == 0) return std::nullopt;
      result.writable = result.writable && (entry >> 1 & 1) != 0;
      result.user = result.user && (entry >> 2 & 1) != 0;
      result.accessed = result.accessed && (entry >> 5 & 1) != 0;
      result.executable = result.executable && (entry >> 63) == 0;
      table = entry & 0x000f'ffff'ffff'f000;
      if (result.level > 1 && (entry >> 7 & 1) == 0) continue;
      const std::uint64_t mask = (std::uint64_t{1} << shift) - 1;
      EXPECT_EQ(table & mask, 0u);
      result.dirty = (entry >> 6 & 1) != 0;
      result.physical = table + (va & mask);
      return result;
    }
  }

  std::span<std::byte> memory_;
};

TEST_F(PvhPageTablesTest, MapExactlyWhatWasAsked) {
  for (const bool user : {false, true}) {
    PageTables tables(arena(), user);
    tables.map(0x1000, 0x2000, PageAccess::kReadOnly);
    tables.map(0x10'0000, 0x1234, PageAccess::kReadExecute);
    tables.map(0x20'0e00, 0x400, PageAccess::kReadWrite);  // registers: the two pages that they are in
    // From the middle of one large page to the middle of another.
    tables.map(0x50'0000, 5 * kMiB, PageAccess::kReadWrite);
    ASSERT_TRUE(tables.complete());
    for (std::uint64_t gpa = 0; gpa < 14 * kMiB; gpa += kPage) {
      const auto found = walk(tables, gpa + 0x123);
      const bool constant = gpa >= 0x1000 && gpa < 0x3000;
      const bool code = gpa >= 0x10'0000 && gpa < 0x10'2000;
      const bool data = (gpa >= 0x20'0000 && gpa < 0x20'2000) || (gpa >= 0x50'0000 && gpa < 0xa0'0000);
      ASSERT_EQ(found.has_value(), constant || code || data) << std::hex << gpa;
      if (!found) continue;
      EXPECT_EQ(found->physical, gpa + 0x123);
      EXPECT_EQ(found->writable, data) << std::hex << gpa;
      EXPECT_EQ(found->executable, code) << std::hex << gpa;
      EXPECT_EQ(found->user, user);
      EXPECT_TRUE(found->accessed && found->dirty);
    }
    EXPECT_EQ(walk(tables, 0x5f'f000)->level, 1u);
    EXPECT_EQ(walk(tables, 0x60'0000)->level, 2u);
  }
}

TEST_F(PvhPageTablesTest, LargePagesKeepTheTablesSmall) {
  PageTables tables(arena(), false);
  tables.map(0, std::uint64_t{4} << 30, PageAccess::kReadWrite);
  ASSERT_TRUE(tables.complete());
  EXPECT_EQ(tables.next_free(), arena().start + 6 * kPage);  // the root, one of level 3, four of level 2
  EXPECT_EQ(walk(tables, 0xffff'ffff)->physical, 0xffff'ffffu);
  EXPECT_FALSE(walk(tables, 0x1'0000'0000));
}

TEST_F(PvhPageTablesTest, OnlyWholePagesOfTheArenaAreUsed) {
  for (const std::uint64_t pages : {3, 4}) {
    std::ranges::fill(memory_, kDirt);
    // Parts of a page before and behind them.
    PageTables tables({arena().start + 1, (pages + 2) * kPage - 2}, false);
    tables.map(0x1000, 0x1000, PageAccess::kReadOnly);
    EXPECT_EQ(tables.complete(), pages == 4);  // one table of each level
    EXPECT_TRUE(untouched(0, 2));
    EXPECT_TRUE(untouched(2 + pages, kArenaPages + 2));
  }
}

TEST_F(PvhPageTablesTest, AnArenaThatIsTooSmallIsToldAndNotLeft) {
  constexpr std::uint64_t kNeeded = 8;
  for (std::uint64_t pages = 0; pages <= kNeeded; ++pages) {
    std::ranges::fill(memory_, kDirt);
    PageTables tables(arena(pages), false);
    tables.map(0x1000, 0x1000, PageAccess::kReadWrite);
    tables.map(0x7fff'f000, 0x2000, PageAccess::kReadWrite);  // into the next 1 GiB
    EXPECT_EQ(tables.complete(), pages == kNeeded) << pages;
    EXPECT_LE(tables.next_free(), arena(pages).end()) << pages;
    EXPECT_TRUE(untouched(0, 1)) << pages;
    EXPECT_TRUE(untouched(1 + pages, kArenaPages + 2)) << pages;
  }
}

}  // namespace
}  // namespace kernel::pvh
