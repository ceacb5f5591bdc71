#include "boot/pvh/memory_map.h"

#include <algorithm>

#include "mm/address.h"

namespace kernel::pvh {
namespace {

// The frame table (mm/frame_table.h) describes all memory up to the highest address, and lies at the end of the last
// range.
constexpr std::uint64_t kFrameRecordSize = 16;

bool has_room_for_frame_table(const PhysicalRange& range) {
  return range.size / 2 > range.end() / mm::kPageSize * kFrameRecordSize;
}

}  // namespace

Problem MemoryMap::read(std::span<const MemoryMapEntry> entries) {
  for (const MemoryMapEntry& entry : entries) {
    if (entry.start + entry.size < entry.start) return {"an entry of the memory map wraps around", ""};
    if (entry.type != kMemoryRam) continue;
    // What lies beyond is not used: husk's guests have a limit.
    const std::uint64_t end = std::min(mm::page_floor(entry.start + entry.size), husk::abi::kRootImageGpa);
    if (entry.start >= end) continue;
    const std::uint64_t start = mm::page_ceil(entry.start);
    if (start >= end) continue;
    if (const Problem problem = insert({start, end - start})) return problem;
  }
  // An entry that is not RAM wins over one that is.
  for (const MemoryMapEntry& entry : entries) {
    if (entry.type == kMemoryRam) continue;
    if (const Problem problem = reserve(entry.start, entry.size)) return problem;
  }
  if (count_ == 0) return {"there is no RAM in the memory map", ""};
  return {};
}

Problem MemoryMap::insert(PhysicalRange range) {
  std::size_t index = 0;
  while (index < count_ && ranges_[index].start < range.start) ++index;
  if ((index > 0 && ranges_[index - 1].end() > range.start) || (index < count_ && range.end() > ranges_[index].start)) {
    return {"ranges of RAM in the memory map overlap", ""};
  }
  // Neighbours become one range: what lies across their border is in memory like everything else.
  if (index > 0 && ranges_[index - 1].end() == range.start) {
    --index;
    range = {ranges_[index].start, ranges_[index].size + range.size};
    remove(index);
  }
  if (index < count_ && range.end() == ranges_[index].start) {
    range.size += ranges_[index].size;
    remove(index);
  }
  if (count_ == kMaxRanges) return {"the memory map has too many ranges", ""};
  std::copy_backward(ranges_.begin() + index, ranges_.begin() + count_, ranges_.begin() + count_ + 1);
  ranges_[index] = range;
  ++count_;
  return {};
}

void MemoryMap::remove(std::size_t index) {
  std::copy(ranges_.begin() + index + 1, ranges_.begin() + count_, ranges_.begin() + index);
  --count_;
}

Problem MemoryMap::reserve(std::uint64_t start, std::uint64_t size) {
  if (size == 0) return {};
  if (start + size < start) return {"something that the boot loader passes wraps around the end of memory", ""};
  const std::uint64_t first = mm::page_floor(start);
  const std::uint64_t end = start + size > ~mm::kPageSize ? ~std::uint64_t{0} : mm::page_ceil(start + size);
  for (std::size_t i = 0; i < count_;) {
    PhysicalRange& range = ranges_[i];
    if (range.end() <= first || range.start >= end) {
      ++i;
      continue;
    }
    const PhysicalRange before{range.start, first > range.start ? first - range.start : 0};
    const PhysicalRange after{end, range.end() > end ? range.end() - end : 0};
    remove(i);
    if (before.size != 0) {
      if (const Problem problem = insert(before)) return problem;
      ++i;
    }
    if (after.size != 0) {
      if (const Problem problem = insert(after)) return problem;
      ++i;
    }
  }
  return {};
}

bool MemoryMap::contains(std::uint64_t start, std::uint64_t size) const {
  if (start + size < start) return false;
  return std::ranges::any_of(
      ranges(), [&](const PhysicalRange& range) { return range.start <= start && start + size <= range.end(); });
}

PhysicalRange MemoryMap::largest(std::uint64_t from, std::uint64_t to) const {
  PhysicalRange best;
  for (const PhysicalRange& range : ranges()) {
    const std::uint64_t start = std::max(range.start, from);
    const std::uint64_t end = std::min(range.end(), to);
    if (start < end && end - start > best.size) best = {start, end - start};
  }
  return best;
}

KernelMemory kernel_memory(const MemoryMap& map, std::uint64_t floor) {
  KernelMemory result;
  const PhysicalRange first = map.largest(floor, ~std::uint64_t{0});
  if (first.size == 0 || !has_room_for_frame_table(first)) return result;
  result.ranges[result.count++] = first;
  const PhysicalRange below = map.largest(floor, first.start);
  const PhysicalRange above = map.largest(first.end(), ~std::uint64_t{0});
  if (has_room_for_frame_table(above) && above.size >= below.size) {
    result.ranges[result.count++] = above;
  } else if (below.size != 0) {
    result.ranges = {below, first};
    result.count = 2;
  }
  return result;
}

}  // namespace kernel::pvh
