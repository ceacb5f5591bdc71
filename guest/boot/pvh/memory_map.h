// The machine's RAM as the boot loader describes it, and what of it is free. Nothing of it is believed before it was
// checked: the map comes from outside.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "boot/pvh/problem.h"
#include "boot/pvh/start_info.h"
#include "boot_parameters.h"

namespace kernel::pvh {

class MemoryMap {
 public:
  static constexpr std::size_t kMaxRanges = 64;

  // Takes the entries that are RAM, in whole pages.
  Problem read(std::span<const MemoryMapEntry> entries);
  // Takes the pages of [start, start + size) out: somebody's data. A size of 0 is nothing.
  Problem reserve(std::uint64_t start, std::uint64_t size);

  // Whether all of [start, start + size) is free RAM.
  bool contains(std::uint64_t start, std::uint64_t size) const;
  // The largest free piece of [from, to); size 0 if there is none.
  PhysicalRange largest(std::uint64_t from, std::uint64_t to) const;
  // Ascending; between two of them there is a gap.
  std::span<const PhysicalRange> ranges() const { return {ranges_.data(), count_}; }

 private:
  Problem insert(PhysicalRange range);
  void remove(std::size_t index);

  std::array<PhysicalRange, kMaxRanges> ranges_{};
  std::size_t count_ = 0;
};

// What the kernel gets: at most two ranges (BootParameters::memory), the largest ones from `floor` on, ascending.
struct KernelMemory {
  std::array<PhysicalRange, 2> ranges{};
  std::size_t count = 0;
};
KernelMemory kernel_memory(const MemoryMap& map, std::uint64_t floor);

}  // namespace kernel::pvh
