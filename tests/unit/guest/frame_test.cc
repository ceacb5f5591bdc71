// The allocator of page frames (guest/mm/frame.cc, of which some functions have names of their own here: tlb_gather_test.cc has
// others of that name): what it gives back to the host, when, and how it takes it again.
#include "mm/frame.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "arch/x86_64/per_cpu.h"
#include "mm/environment.h"
#include "mm/frame_table.h"

namespace kernel::arch {
PerCpu boot_cpu{};
}  // namespace kernel::arch

namespace kernel::mm {
namespace {

int g_told = 0;
std::vector<std::pair<std::uint64_t, std::uint64_t>> g_prepared;  // first frame, frames

constexpr std::uint64_t kFrames = 16 * 1024;
constexpr std::uint32_t kAge = 2;

// The direct map of some RAM, where this process has room for it. The allocator is one for the process, so it is made once, and each test
// leaves it with all of it free.
class Ram {
 public:
  static Ram& get() {
    static Ram ram;
    return ram;
  }
  std::uint64_t first = 0;

 private:
  Ram() {
    arch::boot_cpu.ring = arch::Ring::k3;
    // The table of frames is an array from frame 0 on, so the lower the better: 16 bytes for each 4 KiB, a 256th, itself included.
    for (std::uint64_t gpa = 0x1000'0000; gpa < 0x10'0000'0000; gpa += 0x1000'0000) {
      const std::uint64_t size = kFrames * kPageSize;
      const std::uint64_t table = page_ceil((gpa + size) / 255 + kPageSize);
      void* wanted = physical_pointer<void>(gpa);
      void* got = ::mmap(wanted, size + table, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
      if (got == MAP_FAILED) continue;
      if (got != wanted) {
        ::munmap(got, size + table);
        continue;
      }
      if (initialise_frame_table(gpa + size + table) < gpa + size) continue;
      add_memory(gpa, gpa + size);
      set_ram_preparer([](Pfn start, std::uint64_t frames) { g_prepared.emplace_back(start.value, frames); });
      first = gpa >> kPageShift;
      return;
    }
  }
};

class FrameTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(Ram::get().first, 0U) << "no room in this process for the kernel's direct map";
    give_all_back();
    g_told = 0;
    g_prepared.clear();
    await_memory_to_give_back();
  }
  void TearDown() override { EXPECT_EQ(memory_statistics().free_frames, kFrames); }

  static Pfn take(Fill fill = Fill::kNone) { return allocate_user_frame(fill).value(); }
  static std::vector<Pfn> take_many(std::size_t count) {
    std::vector<Pfn> frames;
    for (std::size_t i = 0; i < count; ++i) {
      frames.push_back(take());
      *reinterpret_cast<std::uint64_t*>(frame_data(frames.back())) = 0x1234;
    }
    return frames;
  }
  static void release(const std::vector<Pfn>& frames) {
    for (const Pfn frame : frames) release_frame(frame);
  }
  static void grow_older(unsigned times) {
    for (unsigned i = 0; i < times; ++i) free_memory_grows_older();
  }
  // As the host does: what it gets is zero afterwards. Gives how many frames.
  static std::uint64_t give_idle_back(Fate fate = Fate::kZero) {
    std::uint64_t sum = 0;
    while (const auto block = take_idle_block(kAge, 1024)) {
      sum += block->frames();
      if (fate == Fate::kZero) ::madvise(frame_data(block->first), block->frames() * kPageSize, MADV_DONTNEED);
      return_block(*block, fate);
    }
    return sum;
  }
  static void give_all_back() {
    grow_older(kAge);
    give_idle_back();
  }
};

TEST_F(FrameTest, TellsOfMuchFreeMemoryOnceUntilItIsAskedTo) {
  const std::vector<Pfn> frames = take_many(1000);
  for (std::size_t i = 0; i < kWorthGivingBack / 2; ++i) release_frame(frames[i]);
  EXPECT_EQ(g_told, 0);
  release({frames.begin() + kWorthGivingBack / 2, frames.end()});
  EXPECT_EQ(g_told, 1);
  await_memory_to_give_back();
  release_frame(take());
  EXPECT_EQ(g_told, 2);
}

TEST_F(FrameTest, OnlyWhatHasLainIdleGoes) {
  std::vector<Pfn> frames = take_many(1024);
  release(frames);
  EXPECT_FALSE(take_idle_block(kAge, 1024));
  grow_older(1);
  EXPECT_FALSE(take_idle_block(kAge, 1024));
  // In use for a moment: young again, at least what is cut from the block for it.
  frames = take_many(512);
  release(frames);
  grow_older(1);
  EXPECT_LE(give_idle_back(), 512U);
  grow_older(1);
  EXPECT_GE(give_idle_back(), 512U - 16);
  EXPECT_LT(frames_to_give_back(), 16U);
}

TEST_F(FrameTest, SmallPiecesStay) {
  const std::vector<Pfn> frames = take_many(1024);
  std::vector<Pfn> kept;
  for (const Pfn frame : frames) {
    if (frame.value % (1 << kGivenBackOrder) == 7) {
      kept.push_back(frame);
    } else {
      release_frame(frame);
    }
  }
  grow_older(kAge);
  EXPECT_LE(give_idle_back(), 96U) << "the ends of the range, and what was made ready in vain";
  release(kept);
  grow_older(kAge);
  EXPECT_GE(give_idle_back(), 1024U - 64);
}

// A table for each 2 MiB of a payload's, which the kernel keeps.
TEST_F(FrameTest, TheKernelsOwnFramesKeepLittleBack) {
  std::vector<Pfn> tables;
  std::vector<Pfn> frames = take_many(1024);
  for (int i = 0; i < 16; ++i) {
    tables.push_back(allocate_frame(Fill::kZero).value());
    ASSERT_EQ(*reinterpret_cast<std::uint64_t*>(frame_data(tables.back())), 0U);
    for (const Pfn frame : take_many(512)) frames.push_back(frame);
  }
  release(frames);
  grow_older(kAge);
  EXPECT_GE(give_idle_back(), frames.size() - 64);
  release(tables);
}

// To the last one: what the kernel has set apart for itself as well.
TEST_F(FrameTest, AllFramesCanBeUsed) {
  std::vector<Pfn> frames = take_many(2048);
  frames.push_back(allocate_frame(Fill::kNone).value());
  while (const auto frame = allocate_user_frame(Fill::kNone)) frames.push_back(frame.value());
  while (const auto frame = allocate_frame(Fill::kNone)) frames.push_back(frame.value());
  EXPECT_EQ(memory_statistics().free_frames, 0U);
  EXPECT_EQ(frames.size(), kFrames);
  release(frames);
}

TEST_F(FrameTest, NoMoreThanAskedForTheLargestFirst) {
  release(take_many(2048));
  grow_older(kAge);
  EXPECT_FALSE(take_idle_block(kAge, (1U << kGivenBackOrder) - 1));
  const auto small = take_idle_block(kAge, 100);
  const auto large = take_idle_block(kAge, 1024);
  EXPECT_TRUE(!small || small->frames() <= 100);
  ASSERT_TRUE(large);
  EXPECT_GE(large->frames(), 512U);
  EXPECT_EQ(large->first.value % large->frames(), 0U);
  EXPECT_EQ(memory_statistics().free_frames, kFrames) << "what the host is about to get is free";
  if (small) return_block(*small, Fate::kRefused);
  return_block(*large, Fate::kRefused);
  EXPECT_GE(frames_to_give_back(), large->frames());
}

// The zeros are the host's: nobody writes them again.
TEST_F(FrameTest, WhatWasGivenBackIsZeroAndFreedMemoryIsUsedBefore) {
  const std::uint64_t before = memory_statistics().given_back_frames;
  release(take_many(2048));
  give_all_back();
  EXPECT_GE(memory_statistics().given_back_frames - before, 2048U - 16);
  const std::vector<Pfn> freed = take_many(4);
  release(freed);
  std::vector<Pfn> taken;
  for (int i = 0; i < 4096; ++i) {
    taken.push_back(take(Fill::kZero));
    ASSERT_EQ(*reinterpret_cast<std::uint64_t*>(frame_data(taken.back())), 0U);
  }
  for (const Pfn frame : freed) EXPECT_LT(std::find(taken.begin(), taken.end(), frame) - taken.begin(), 64);
  release(taken);
}

TEST_F(FrameTest, LargeVmsHaveItMadeReadyAgainAndSmallOnesDoNot) {
  release(take_many(4096));
  give_all_back();
  g_prepared.clear();
  std::vector<Pfn> frames = take_many(1000);
  EXPECT_TRUE(g_prepared.empty());
  for (const Pfn frame : take_many(3000)) frames.push_back(frame);
  ASSERT_FALSE(g_prepared.empty());
  std::uint64_t ready = 0;
  for (const auto& [start, count] : g_prepared) {
    EXPECT_EQ(start % 4, 0U);
    EXPECT_GE(count, 16U);
    EXPECT_TRUE(is_ram(Pfn{start}) && is_ram(Pfn{start + count - 1}));
    ready += count;
  }
  EXPECT_GT(ready, 1500U);
  EXPECT_LT(g_prepared.size(), 100U);
  // What of it nobody uses goes back.
  std::uint64_t in_vain = ready;
  for (const Pfn frame : frames) {
    for (const auto& [start, count] : g_prepared) in_vain -= frame.value >= start && frame.value < start + count;
  }
  grow_older(kAge);
  const std::uint64_t given = give_idle_back();
  EXPECT_LE(given, in_vain + 32);
  EXPECT_GE(given + 32, in_vain);
  release(frames);
}

TEST_F(FrameTest, BlocksAreTakenOfWhatWasGivenBack) {
  release(take_many(kFrames - kKernelReserveFrames));
  give_all_back();
  std::vector<std::pair<Pfn, unsigned>> blocks;
  std::map<std::uint64_t, std::uint64_t> taken;  // first frame, end
  for (const unsigned order : {2U, 0U, 10U, 3U, 0U, 5U, 9U, 1U, 10U}) {
    const auto block = order == 0 ? allocate_frame(Fill::kNone) : allocate_frames(order);
    ASSERT_TRUE(block) << order;
    const std::uint64_t start = block.value().value, size = std::uint64_t{1} << order;
    EXPECT_EQ(start % size, 0U);
    const auto next = taken.lower_bound(start);
    EXPECT_TRUE(next == taken.end() || start + size <= next->first);
    EXPECT_TRUE(next == taken.begin() || std::prev(next)->second <= start);
    taken[start] = start + size;
    blocks.emplace_back(block.value(), order);
  }
  for (const auto& [block, order] : blocks) {
    if (order == 0) {
      release_frame(block);
    } else {
      free_frames(block, order);
    }
  }
}

TEST_F(FrameTest, ALostBlockIsNotFreeAnyMore) {
  release(take_many(64));
  grow_older(kAge);
  const auto block = take_idle_block(kAge, 1024);
  ASSERT_TRUE(block);
  return_block(*block, Fate::kLost);
  EXPECT_EQ(memory_statistics().free_frames, kFrames - block->frames());
  free_frames(block->first, block->order);
}

// Any order of events, against a model of what is whose. Nothing is given twice, and what must be zero is.
TEST_F(FrameTest, AnyEventsInAnyOrder) {
  std::mt19937 random(7);
  std::map<std::uint64_t, unsigned> held;  // frame, order
  std::vector<bool> used(kFrames);
  const auto mark = [&](std::uint64_t frame, unsigned order, bool value) {
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) {
      ASSERT_NE(used[frame - Ram::get().first + i], value);
      used[frame - Ram::get().first + i] = value;
    }
  };
  std::uint64_t in_use = 0;
  for (int step = 0; step < 40'000; ++step) {
    const unsigned what = random() % 100;
    if (what < 55) {
      const unsigned order = random() % 8 == 0 ? random() % 8 : 0;
      const bool zero = order == 0 && random() % 2 == 0;
      if (in_use > kFrames / 2) continue;
      const Fill fill = zero ? Fill::kZero : Fill::kNone;
      const auto block = order != 0            ? allocate_frames(order)
                         : random() % 100 == 0 ? allocate_frame(fill)
                                               : allocate_user_frame(fill);
      ASSERT_TRUE(block);
      mark(block.value().value, order, true);
      auto* const words = reinterpret_cast<std::uint64_t*>(frame_data(block.value()));
      if (zero) {
        ASSERT_TRUE(words[0] == 0 && words[511] == 0);
      }
      words[0] = words[511] = step;
      held[block.value().value] = order;
      in_use += std::uint64_t{1} << order;
    } else if (what < 97) {
      if (held.empty()) continue;
      auto one = held.lower_bound(Ram::get().first + random() % kFrames);
      if (one == held.end()) one = held.begin();
      const auto [frame, order] = *one;
      held.erase(one);
      mark(frame, order, false);
      in_use -= std::uint64_t{1} << order;
      if (order == 0) {
        release_frame(Pfn{frame});
      } else {
        free_frames(Pfn{frame}, order);
      }
    } else if (what < 99) {
      free_memory_grows_older();
    } else {
      give_idle_back();
    }
    ASSERT_EQ(memory_statistics().free_frames, kFrames - in_use);
  }
  for (const auto& [frame, order] : held) {
    if (order == 0) {
      release_frame(Pfn{frame});
    } else {
      free_frames(Pfn{frame}, order);
    }
  }
}

// Another VMM's device says nothing of what is in the pages. (Last: from then on no page is taken for zero.)
TEST_F(FrameTest, WithoutAPromiseItIsClearedAgain) {
  release(take_many(2048));
  grow_older(kAge);
  EXPECT_GE(give_idle_back(Fate::kUnknown), 2048U - 16);
  std::vector<Pfn> taken;
  for (int i = 0; i < 3000; ++i) {
    taken.push_back(i % 2 == 0 ? take(Fill::kZero) : allocate_frame_ahead().value());
    ASSERT_EQ(*reinterpret_cast<std::uint64_t*>(frame_data(taken.back())), 0U);
  }
  release(taken);
}

}  // namespace

void memory_can_be_given_back() {
  ++g_told;
}

}  // namespace kernel::mm
