// The order of flushing and releasing, against a TLB and an allocator that write down what they are asked for.
#include "mm/tlb_gather.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "arch/x86_64/privileged.h"
#include "mm/frame.h"

namespace {

constexpr std::uint64_t kLoaded = 0x1000, kOther = 0x2000;

std::set<std::uint64_t> g_stale;  // frames that a TLB may still lead to
std::vector<std::uint64_t> g_released;
std::vector<std::string> g_flushes;
std::set<std::uint64_t> g_batches;
std::size_t g_pages_left = 0;

}  // namespace

namespace kernel::arch {

std::uint64_t loaded_page_table() {
  return kLoaded;
}
void flush_tlb() {
  g_flushes.emplace_back("all");
  g_stale.clear();
}
void flush_tlb_pages(std::uint64_t address, std::uint64_t pages) {
  g_flushes.push_back(std::to_string(pages) + " from " + std::to_string(address));
  g_stale.clear();
}

}  // namespace kernel::arch

namespace kernel::mm {

bool is_ram(Pfn pfn) {
  return pfn.value != 7;
}
Result<Pfn> allocate_frame(Fill) {
  if (g_pages_left == 0) return Errno::kNoMem;
  --g_pages_left;
  const Pfn pfn = frame_of(std::aligned_alloc(kPageSize, kPageSize));
  g_batches.insert(pfn.value);
  return pfn;
}
void release_frame(Pfn pfn) {
  if (g_batches.erase(pfn.value) != 0) return std::free(frame_data(pfn));
  EXPECT_FALSE(g_stale.contains(pfn.value)) << "frame " << pfn.value << " released before the flush";
  g_released.push_back(pfn.value);
}

namespace {

class TlbGatherTest : public ::testing::Test {
 protected:
  TlbGatherTest() {
    g_stale.clear();
    g_released.clear();
    g_flushes.clear();
    g_pages_left = 100;
  }
  ~TlbGatherTest() override { EXPECT_TRUE(g_batches.empty()); }
  static void remove(TlbGather& gather, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      g_stale.insert(100 + i);
      gather.removed(i * kPageSize, Pfn{100 + i});
    }
  }
  static std::set<std::uint64_t> released() { return {g_released.begin(), g_released.end()}; }
};

TEST_F(TlbGatherTest, OnePageIsFlushedAloneBeforeItsFrameIsReleased) {
  {
    TlbGather gather(kLoaded);
    remove(gather, 1);
    EXPECT_TRUE(g_released.empty());
  }
  EXPECT_EQ(g_flushes, std::vector<std::string>{"1 from 0"});
  EXPECT_EQ(g_released, std::vector<std::uint64_t>{100});
}

TEST_F(TlbGatherTest, AFewPagesAreFlushedByThemselvesWithWhatLiesBetweenThem) {
  {
    TlbGather gather(kLoaded);
    gather.changed(0x5000);
    gather.changed(0x3000);
  }
  {
    TlbGather gather(kLoaded);
    gather.changed(0x3000);
    gather.changed(0x3000 + 4 * kPageSize);
  }
  {
    TlbGather gather(kLoaded);
    gather.all_changed();
  }
  EXPECT_EQ(g_flushes, (std::vector<std::string>{"3 from 12288", "all", "all"}));
}

TEST_F(TlbGatherTest, ManyPagesNeedOneFlush) {
  {
    TlbGather gather(kLoaded);
    remove(gather, 5000);
    EXPECT_TRUE(g_released.empty());
  }
  EXPECT_EQ(g_flushes, std::vector<std::string>{"all"});
  EXPECT_EQ(g_released.size(), 5000u);
  EXPECT_EQ(released().size(), 5000u);
}

TEST_F(TlbGatherTest, WithoutMemoryItFlushesMoreOftenAndLosesNothing) {
  g_pages_left = 0;
  {
    TlbGather gather(kLoaded);
    remove(gather, 1000);
  }
  EXPECT_GT(g_flushes.size(), 10u);
  EXPECT_EQ(released().size(), 1000u);
}

TEST_F(TlbGatherTest, WhatItHoldsBackHasABound) {
  {
    TlbGather gather(kLoaded);
    remove(gather, 50'000);
    EXPECT_GT(g_released.size(), 30'000u);
  }
  EXPECT_EQ(released().size(), 50'000u);
}

TEST_F(TlbGatherTest, ATableThatIsNotLoadedNeedsNoFlush) {
  TlbGather gather(kOther);
  gather.removed(0, Pfn{100});
  gather.removed(kPageSize, Pfn{101});
  EXPECT_EQ(g_released.size(), 2u);
  gather.finish();
  EXPECT_TRUE(g_flushes.empty());
}

TEST_F(TlbGatherTest, AChangeIsFlushedAndReleasesNothing) {
  {
    TlbGather gather(kLoaded);
    gather.changed(3 * kPageSize);
  }
  EXPECT_EQ(g_flushes, std::vector<std::string>{"1 from 12288"});
  EXPECT_TRUE(g_released.empty());
}

TEST_F(TlbGatherTest, WhatTheCpuHasDroppedIsNotFlushed) {
  {
    TlbGather gather(kLoaded);
    gather.removed_by_fault(Pfn{100});
  }
  EXPECT_TRUE(g_flushes.empty());
  EXPECT_EQ(g_released, std::vector<std::uint64_t>{100});
}

TEST_F(TlbGatherTest, FramesOutsideRamAreNobodysToRelease) {
  {
    TlbGather gather(kLoaded);
    gather.removed(0, Pfn{7});
  }
  EXPECT_EQ(g_flushes.size(), 1u);
  EXPECT_TRUE(g_released.empty());
}

TEST_F(TlbGatherTest, AfterItsEndItCanGoOn) {
  TlbGather gather(kLoaded);
  remove(gather, 2);
  gather.finish();
  EXPECT_EQ(g_released.size(), 2u);
  remove(gather, 40);
  gather.finish();
  EXPECT_EQ(g_flushes.size(), 2u);
  EXPECT_EQ(g_released.size(), 42u);
}

}  // namespace
}  // namespace kernel::mm
