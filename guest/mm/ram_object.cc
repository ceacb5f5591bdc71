#include "mm/ram_object.h"

#include <algorithm>
#include <new>

#include "lib/string.h"
#include "mm/address_space.h"

namespace kernel::mm {
namespace {

constexpr std::uint64_t kLeafFrames = 512;

}  // namespace

RamObject::~RamObject() {
  punch_hole(0, page_ceil(size_));  // nobody maps it any more
  for (Leaf* leaf : leaves_) delete leaf;
}

Pfn* RamObject::slot(std::uint64_t index) {
  const std::uint64_t leaf = index / kLeafFrames;
  if (leaf >= leaves_.size() || !leaves_[leaf]) return nullptr;
  return &leaves_[leaf]->frames[index % kLeafFrames];
}

Result<Pfn*> RamObject::make_slot(std::uint64_t index) {
  const std::uint64_t leaf = index / kLeafFrames;
  if (leaf >= leaves_.size()) TRY(leaves_.resize(leaf + 1));
  if (!leaves_[leaf]) {
    leaves_[leaf] = new (std::nothrow) Leaf;
    if (!leaves_[leaf]) return Errno::kNoMem;
  }
  return &leaves_[leaf]->frames[index % kLeafFrames];
}

Result<FrameRef> RamObject::page(std::uint64_t index, Access) {
  if (index >= page_ceil(size_) >> kPageShift) return Errno::kFault;
  Pfn* pfn = TRY(make_slot(index));
  if (*pfn == kNoFrame) {
    *pfn = TRY(allocate_user_frame(Fill::kZero));
    ++resident_;
  }
  return FrameRef::retain(*pfn);
}

Pfn RamObject::resident_page(std::uint64_t index) {
  if (index >= page_ceil(size_) >> kPageShift) return kNoFrame;
  Pfn* pfn = slot(index);
  return pfn ? *pfn : kNoFrame;
}

void RamObject::drop_page(std::uint64_t index) {
  Pfn* pfn = slot(index);
  if (!pfn || *pfn == kNoFrame) return;
  release_frame(*pfn);
  *pfn = kNoFrame;
  --resident_;
}

void RamObject::set_size(std::uint64_t size) {
  if (size < size_) {
    unmap_object_pages(*this, page_ceil(size) >> kPageShift, page_ceil(size_) >> kPageShift);
    punch_hole(size, page_ceil(size_) - size);
  }
  size_ = size;
}

Result<void> RamObject::discard_pages(std::uint64_t first, std::uint64_t end) {
  end = std::min(end, page_ceil(size_) >> kPageShift);
  if (first >= end) return {};
  unmap_object_pages(*this, first, end);
  punch_hole(first << kPageShift, (end - first) << kPageShift);
  return {};
}

void RamObject::punch_hole(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t end = std::min(offset + length, leaves_.size() * kLeafFrames << kPageShift);
  while (offset < end) {
    const std::uint64_t index = offset >> kPageShift;
    const std::uint64_t part = std::min(end - offset, kPageSize - page_offset(offset));
    Pfn* pfn = slot(index);
    if (!pfn) {
      // Nothing below this leaf.
      offset = (index / kLeafFrames + 1) * kLeafFrames << kPageShift;
      continue;
    }
    if (part == kPageSize)
      drop_page(index);
    else if (*pfn != kNoFrame)
      memset(frame_data(*pfn) + page_offset(offset), 0, part);
    offset += part;
  }
}

}  // namespace kernel::mm
