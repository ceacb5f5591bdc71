// The PVH loader's view of the machine's RAM: the map comes from another VMM and is checked before it is believed.
#include "boot/pvh/memory_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "abi/husk_abi.h"

namespace kernel::pvh {
namespace {

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // start and end
using Entries = std::vector<MemoryMapEntry>;

constexpr std::uint64_t kTop = ~std::uint64_t{0};
constexpr std::uint64_t kGiB = 1 << 30;
constexpr std::uint64_t kLimit = husk::abi::kRootImageGpa;  // beyond it husk's guests have no RAM
constexpr std::uint32_t kReserved = 2;                      // as E820

MemoryMapEntry ram(std::uint64_t start, std::uint64_t size) {
  return {start, size, kMemoryRam, 0};
}
MemoryMapEntry reserved(std::uint64_t start, std::uint64_t size, std::uint32_t type = kReserved) {
  return {start, size, type, 0};
}

Ranges ranges(const MemoryMap& map) {
  Ranges result;
  for (const PhysicalRange& range : map.ranges()) result.emplace_back(range.start, range.end());
  return result;
}

MemoryMap make(const Entries& entries) {
  MemoryMap map;
  EXPECT_EQ(map.read(entries).what, "");
  return map;
}

bool refuses(const Entries& entries) {
  MemoryMap map;
  return bool(map.read(entries));
}

// `count` pages with a gap behind each.
Entries scattered(std::size_t count) {
  Entries entries;
  for (std::size_t i = 0; i < count; ++i) entries.push_back(ram(0x10'0000 + i * 0x2000, 0x1000));
  return entries;
}

TEST(PvhMemoryMapTest, TakesWholePagesOfRamInAscendingOrder) {
  // A PC's map, but not sorted.
  const MemoryMap map = make({ram(0x1'0000'0000, kGiB), reserved(0x9'fc00, 0x400), ram(0x10'0000, 0x3f0'0000),
                              ram(0, 0x9'fc00), reserved(0xf'0000, 0x1'0000), ram(0x800'0001, 0x2fff)});
  EXPECT_EQ(ranges(map),
            (Ranges{{0, 0x9'f000}, {0x10'0000, 0x400'0000}, {0x800'1000, 0x800'3000}, {0x1'0000'0000, 0x1'4000'0000}}));
}

TEST(PvhMemoryMapTest, EntriesWithoutAWholePageAreNothing) {
  const MemoryMap map = make({ram(0x1000, 0x1000), ram(0x1800, 0), ram(0x8000, 0), ram(0x9001, 0x1ffe),
                              ram(0xc000, 0xfff), ram(kTop, 0), ram(0, 0), reserved(0x1800, 0), reserved(kTop, 0)});
  EXPECT_EQ(ranges(map), (Ranges{{0x1000, 0x2000}}));
}

TEST(PvhMemoryMapTest, AdjacentEntriesAreOnePiece) {
  const MemoryMap map = make({ram(0x5000, 0x1000), ram(0x3000, 0x1000), ram(0x4000, 0x1000), ram(0x7000, 0x1000)});
  EXPECT_EQ(ranges(map), (Ranges{{0x3000, 0x6000}, {0x7000, 0x8000}}));
  EXPECT_TRUE(map.contains(0x3000, 0x3000));  // what lies across a border between entries lies in RAM
  EXPECT_EQ(map.largest(0, kTop).size, 0x3000u);
}

TEST(PvhMemoryMapTest, RefusesRamThatOverlaps) {
  const MemoryMapEntry first = ram(0x4000, 0x4000);
  for (const MemoryMapEntry& second : {ram(0x4000, 0x4000), ram(0x4000, 0x1000), ram(0x5000, 0x1000),
                                       ram(0x7000, 0x4000), ram(0x1000, 0x4000), ram(0x1000, 0x10000), ram(0, kTop)}) {
    EXPECT_TRUE(refuses({first, second})) << std::hex << second.start;
    EXPECT_TRUE(refuses({second, first})) << std::hex << second.start;
    EXPECT_TRUE(refuses({ram(0x1'0000, 0x1000), second, ram(0x2000, 0x1000), first})) << std::hex << second.start;
  }
}

TEST(PvhMemoryMapTest, RefusesEntriesThatWrapAround) {
  for (const MemoryMapEntry& entry :
       {ram(kTop, 2), ram(0x1000, kTop), ram(kTop, kTop), reserved(kTop, 2), reserved(0x1001, kTop)}) {
    EXPECT_TRUE(refuses({ram(0, 0x8000), entry})) << std::hex << entry.start;
    EXPECT_TRUE(refuses({entry, ram(0, 0x8000)})) << std::hex << entry.start;
  }
}

TEST(PvhMemoryMapTest, WhatIsAlsoCalledSomethingElseIsNotRam) {
  const Ranges expected{{0x1000, 0x2000}, {0x5000, 0x8000}};
  // Before or after the RAM, in pieces of pages, and whatever the type: ACPI, unusable, unknown.
  EXPECT_EQ(ranges(make({ram(0x1000, 0x7000), reserved(0x2fff, 0x1002), reserved(0x2000, 1, 77)})), expected);
  EXPECT_EQ(ranges(make({reserved(0x2001, 0x2fff, 3), ram(0x1000, 0x7000)})), expected);
  EXPECT_EQ(ranges(make({reserved(0x2000, 0x3000, 0), ram(0x1000, 0x7000)})), expected);
  EXPECT_EQ(ranges(make({ram(0x1000, 0x7000), reserved(0x2000, kTop - 0x2000)})), (Ranges{{0x1000, 0x2000}}));
}

TEST(PvhMemoryMapTest, RamBeyondTheLimitOfAGuestIsLeftOut) {
  EXPECT_EQ(ranges(make({ram(0, 0x1000), ram(kLimit - 0x1000, 0x9000)})),
            (Ranges{{0, 0x1000}, {kLimit - 0x1000, kLimit}}));
  EXPECT_EQ(ranges(make({ram(0, 0x1000), ram(kLimit, 0x9000), ram(kTop - 0x4000, 0x4000)})), (Ranges{{0, 0x1000}}));
  EXPECT_EQ(ranges(make({ram(0x123, kTop - 0x123)})), (Ranges{{0x1000, kLimit}}));
}

TEST(PvhMemoryMapTest, RefusesAMapWithoutRam) {
  EXPECT_TRUE(refuses({}));
  EXPECT_TRUE(refuses({reserved(0, kGiB)}));
  EXPECT_TRUE(refuses({ram(0x1800, 0x1000)}));
  EXPECT_TRUE(refuses({ram(kLimit, kGiB)}));
  EXPECT_TRUE(refuses({ram(0x1000, 0x4000), reserved(0, 0x4001)}));
}

TEST(PvhMemoryMapTest, RefusesMoreRangesThanItHasRoomFor) {
  EXPECT_EQ(make(scattered(MemoryMap::kMaxRanges)).ranges().size(), MemoryMap::kMaxRanges);
  EXPECT_TRUE(refuses(scattered(MemoryMap::kMaxRanges + 1)));
  EXPECT_TRUE(refuses(scattered(10 * MemoryMap::kMaxRanges)));
  Entries adjacent;
  for (std::uint64_t i = 0; i < 10 * MemoryMap::kMaxRanges; ++i) adjacent.push_back(ram(i * 0x1000, 0x1000));
  EXPECT_EQ(make(adjacent).ranges().size(), 1u);
  // A hole makes two of one.
  Entries full = scattered(MemoryMap::kMaxRanges - 1);
  full.push_back(ram(0x1000'0000, 0x10000));
  MemoryMap map = make(full);
  EXPECT_TRUE(map.reserve(0x1000'4000, 0x1000));
  map = make(full);
  EXPECT_FALSE(map.reserve(0x1000'0000, 0x1000));  // at its border it does not
}

TEST(PvhMemoryMapTest, ReserveTakesOutEveryPageThatIsTouched) {
  const std::tuple<std::uint64_t, std::uint64_t, Ranges> cases[] = {
      {0x5000, 0, {{0x4000, 0x8000}, {0xa000, 0xc000}}},                    // nothing
      {0x5000, 1, {{0x4000, 0x5000}, {0x6000, 0x8000}, {0xa000, 0xc000}}},  // in the middle
      {0x5fff, 2, {{0x4000, 0x5000}, {0x7000, 0x8000}, {0xa000, 0xc000}}},  // two bytes, two pages
      {0x4000, 0x1000, {{0x5000, 0x8000}, {0xa000, 0xc000}}},               // at the start
      {0x7000, 0x1000, {{0x4000, 0x7000}, {0xa000, 0xc000}}},               // at the end
      {0x4000, 0x4000, {{0xa000, 0xc000}}},                                 // one range
      {0x7fff, 0x2002, {{0x4000, 0x7000}, {0xb000, 0xc000}}},               // of two ranges
      {0, 0x1'0000, {}},                                                    // everything
      {0, kTop, {}},                                                        //
      {0x8000, 0x2000, {{0x4000, 0x8000}, {0xa000, 0xc000}}},               // the gap
      {0, 0x4000, {{0x4000, 0x8000}, {0xa000, 0xc000}}},                    // below
      {0xc000, kTop - 0xc000, {{0x4000, 0x8000}, {0xa000, 0xc000}}},        // beyond
      {kTop, 0, {{0x4000, 0x8000}, {0xa000, 0xc000}}},                      //
      {kTop - 1, 1, {{0x4000, 0x8000}, {0xa000, 0xc000}}},                  // the last bytes that there are
  };
  for (const auto& [start, size, expected] : cases) {
    MemoryMap map = make({ram(0x4000, 0x4000), ram(0xa000, 0x2000)});
    EXPECT_FALSE(map.reserve(start, size)) << std::hex << start;
    EXPECT_EQ(ranges(map), expected) << std::hex << start << ' ' << size;
  }
  MemoryMap map = make({ram(0x4000, 0x4000)});
  EXPECT_TRUE(map.reserve(0x5000, kTop - 0x4000));  // wraps around
  EXPECT_TRUE(map.reserve(kTop, 2));
  EXPECT_EQ(ranges(map), (Ranges{{0x4000, 0x8000}}));
}

TEST(PvhMemoryMapTest, ContainsOnlyWhatIsFreeFromEndToEnd) {
  const MemoryMap map = make({ram(0x4000, 0x4000), ram(0xa000, 0x2000)});
  EXPECT_TRUE(map.contains(0x4000, 0x4000));
  EXPECT_TRUE(map.contains(0x7fff, 1));
  EXPECT_TRUE(map.contains(0xa001, 0x10));
  EXPECT_FALSE(map.contains(0x3fff, 2));
  EXPECT_FALSE(map.contains(0x7fff, 2));
  EXPECT_FALSE(map.contains(0x4000, 0x8000));  // with a hole
  EXPECT_FALSE(map.contains(0x8000, 1));
  EXPECT_FALSE(map.contains(0x5000, kTop));  // wraps around to 0x4fff
  EXPECT_FALSE(map.contains(0x5000, kTop - 0x4fff));
  EXPECT_FALSE(map.contains(kTop, 1));
}

TEST(PvhMemoryMapTest, TheLargestPieceIsCutToTheBoundsFirst) {
  const MemoryMap map = make({ram(0x4000, 0x4000), ram(0xa000, 0x2000)});
  const auto largest = [&](std::uint64_t from, std::uint64_t to) {
    const PhysicalRange range = map.largest(from, to);
    return std::pair(range.start, range.size);
  };
  EXPECT_EQ(largest(0, kTop), std::pair(std::uint64_t{0x4000}, std::uint64_t{0x4000}));
  EXPECT_EQ(largest(0x7000, kTop), std::pair(std::uint64_t{0xa000}, std::uint64_t{0x2000}));
  EXPECT_EQ(largest(0x5000, 0x6800), std::pair(std::uint64_t{0x5000}, std::uint64_t{0x1800}));
  EXPECT_EQ(map.largest(0x8000, 0xa000).size, 0u);
  EXPECT_EQ(map.largest(0xc000, kTop).size, 0u);
  EXPECT_EQ(map.largest(0x6000, 0x5000).size, 0u);  // from behind to
}

Ranges kernel_ranges(const Entries& entries, std::uint64_t floor) {
  const KernelMemory memory = kernel_memory(make(entries), floor);
  Ranges result;
  for (std::size_t i = 0; i < memory.count; ++i) result.emplace_back(memory.ranges[i].start, memory.ranges[i].end());
  return result;
}

TEST(PvhMemoryMapTest, TheKernelGetsTheTwoLargestRangesInAscendingOrder) {
  const std::uint64_t kMiB = 1 << 20;
  const auto pieces = [&](std::uint64_t first, std::uint64_t second, std::uint64_t third) {
    return Entries{ram(64 * kMiB, first * kMiB), ram(128 * kMiB, second * kMiB), ram(256 * kMiB, third * kMiB)};
  };
  const Ranges low_middle{{64 * kMiB, 72 * kMiB}, {128 * kMiB, 160 * kMiB}};
  EXPECT_EQ(kernel_ranges(pieces(8, 32, 4), 0), low_middle);
  EXPECT_EQ(kernel_ranges(pieces(4, 32, 8), 0), (Ranges{{128 * kMiB, 160 * kMiB}, {256 * kMiB, 264 * kMiB}}));
  EXPECT_EQ(kernel_ranges(pieces(32, 4, 8), 0), (Ranges{{64 * kMiB, 96 * kMiB}, {256 * kMiB, 264 * kMiB}}));
  EXPECT_EQ(kernel_ranges(pieces(4, 8, 32), 0), (Ranges{{128 * kMiB, 136 * kMiB}, {256 * kMiB, 288 * kMiB}}));
  // What lies below the kernel's end is not its memory.
  EXPECT_EQ(kernel_ranges(pieces(32, 4, 8), 94 * kMiB), (Ranges{{128 * kMiB, 132 * kMiB}, {256 * kMiB, 264 * kMiB}}));
  EXPECT_EQ(kernel_ranges({ram(0, 32 * kMiB)}, 2 * kMiB), (Ranges{{2 * kMiB, 32 * kMiB}}));
  EXPECT_EQ(kernel_ranges({ram(0, 32 * kMiB)}, 32 * kMiB), Ranges{});
  EXPECT_EQ(kernel_ranges({ram(0, 32 * kMiB)}, kTop), Ranges{});
}

// The frame table has 16 bytes for each page up to the highest address, and lies at the end of the last range.
TEST(PvhMemoryMapTest, TheLastRangeHasRoomForTheFrameTable) {
  const MemoryMapEntry low = ram(0x10'0000, kGiB);
  const MemoryMapEntry high = ram(64 * kGiB, 256 << 20);  // just as large as its table
  const Ranges only_low{{0x10'0000, 0x10'0000 + kGiB}};
  EXPECT_EQ(kernel_ranges({low, high}, 0), only_low);
  EXPECT_EQ(kernel_ranges({low, high, ram(0, 0x8000)}, 0), (Ranges{{0, 0x8000}, only_low[0]}));
  EXPECT_EQ(kernel_ranges({low, ram(64 * kGiB, 768 << 20)}, 0).size(), 2u);
  EXPECT_EQ(kernel_ranges({high}, 0), Ranges{});
}

// One bit for each page.
constexpr std::uint64_t kModelPages = 96;
using Model = std::bitset<kModelPages>;

Ranges ranges(const Model& model) {
  Ranges result;
  for (std::uint64_t page = 0; page < kModelPages; ++page) {
    if (!model[page]) continue;
    if (!result.empty() && result.back().second == page * 0x1000) {
      result.back().second += 0x1000;
    } else {
      result.emplace_back(page * 0x1000, (page + 1) * 0x1000);
    }
  }
  return result;
}

TEST(PvhMemoryMapTest, RandomMapsAreWhatABitForEachPageSays) {
  std::mt19937 random(20261126);
  constexpr std::uint64_t kEnd = kModelPages * 0x1000;
  const auto place = [&] {
    return std::uint64_t{random() % kEnd} & (random() % 2 == 0 ? ~std::uint64_t{0xfff} : kTop);
  };
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    Entries entries;
    for (unsigned i = 1 + random() % 8; i > 0; --i) {
      const auto [start, end] = std::minmax({place(), place()});
      entries.push_back({start, end - start, static_cast<std::uint32_t>(1 + random() % 3 / 2), 0});
    }
    Model model;
    bool overlap = false;
    for (const MemoryMapEntry& entry : entries) {
      if (entry.type != kMemoryRam) continue;
      for (std::uint64_t page = (entry.start + 0xfff) / 0x1000; page < (entry.start + entry.size) / 0x1000; ++page) {
        overlap = overlap || model[page];
        model.set(page);
      }
    }
    const auto clear = [&](std::uint64_t start, std::uint64_t size) {
      if (size == 0) return;
      for (std::uint64_t page = start / 0x1000; page <= (start + size - 1) / 0x1000; ++page) model.reset(page);
    };
    for (const MemoryMapEntry& entry : entries) {
      if (entry.type != kMemoryRam) clear(entry.start, entry.size);
    }
    MemoryMap map;
    ASSERT_EQ(bool(map.read(entries)), overlap || model.none()) << round;
    if (overlap || model.none()) continue;
    ++accepted;
    for (unsigned i = random() % 4;; --i) {
      ASSERT_EQ(ranges(map), ranges(model)) << round;
      if (i == 0) break;
      const auto [start, end] = std::minmax({place(), place()});
      const std::uint64_t size = std::min<std::uint64_t>(end - start, random() % 0x8000);
      ASSERT_FALSE(map.reserve(start, size)) << round;
      clear(start, size);
    }
    const auto [from, to] = std::minmax({place(), place()});
    if (from == to) continue;
    bool inside = true;
    for (std::uint64_t page = from / 0x1000; page <= (to - 1) / 0x1000; ++page) inside = inside && model[page];
    EXPECT_EQ(map.contains(from, to - from), inside) << round;
    std::uint64_t best = 0;
    for (const auto& [start, end] : ranges(model)) {
      if (std::min(end, to) > std::max(start, from)) best = std::max(best, std::min(end, to) - std::max(start, from));
    }
    const PhysicalRange largest = map.largest(from, to);
    EXPECT_EQ(largest.size, best) << round;
    if (best != 0) {
      EXPECT_TRUE(largest.start >= from && largest.end() <= to && map.contains(largest.start, largest.size)) << round;
    }
  }
  EXPECT_GT(accepted, 2'000u);
}

}  // namespace
}  // namespace kernel::pvh
