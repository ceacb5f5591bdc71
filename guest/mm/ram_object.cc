#include "mm/ram_object.h"

#include <algorithm>
#include <new>
#include <utility>

#include "lib/log.h"
#include "lib/string.h"
#include "mm/address_space.h"

namespace kernel::mm {

RamObject::~RamObject() {
  punch_hole(0, ~std::uint64_t{0});  // nobody maps it any more
  free_all();
}

bool RamObject::covers(std::uint64_t index) const {
  return height_ * kBits >= 64 || index >> (height_ * kBits) == 0;
}

Pfn* RamObject::slot(std::uint64_t index) const {
  if (height_ == 0 || !covers(index)) return nullptr;
  void* table = root_;
  for (unsigned level = height_ - 1; level > 0; --level) {
    table = static_cast<Node*>(table)->children[(index >> (level * kBits)) % kEntries];
    if (!table) return nullptr;
  }
  return &static_cast<Leaf*>(table)->frames[index % kEntries];
}

Result<Pfn*> RamObject::make_slot(std::uint64_t index) {
  if (height_ == 0) {
    root_ = new (std::nothrow) Leaf;
    if (!root_) return Errno::kNoMem;
    height_ = 1;
  }
  while (!covers(index)) {
    auto* higher = new (std::nothrow) Node{};
    if (!higher) return Errno::kNoMem;
    higher->children[0] = root_;
    root_ = higher;
    ++height_;
  }
  void* table = root_;
  for (unsigned level = height_ - 1; level > 0; --level) {
    void*& child = static_cast<Node*>(table)->children[(index >> (level * kBits)) % kEntries];
    if (!child) child = level == 1 ? static_cast<void*>(new (std::nothrow) Leaf) : new (std::nothrow) Node{};
    if (!child) return Errno::kNoMem;
    table = child;
  }
  return &static_cast<Leaf*>(table)->frames[index % kEntries];
}

RamObject::Closure::Closure(RamObject& object, std::uint64_t first, std::uint64_t end, Ref<PendingPage> pending)
    : object_(object), first_(first), end_(end), pending_(std::move(pending)) {
  if (object.closure_) panic("a second closure of a memory object");
  object.closure_ = this;
}

Result<FrameRef> RamObject::page(std::uint64_t index, Access, Ref<PendingPage>& pending) {
  if (index >= page_ceil(size_) >> kPageShift) return Errno::kFault;
  if (is_closed(index)) {
    pending = closure_->pending_;
    return Errno::kAgain;
  }
  return fill_page(index);
}

Result<FrameRef> RamObject::fill_page(std::uint64_t index) {
  Pfn* pfn = TRY(make_slot(index));
  if (*pfn == kNoFrame) {
    if (allowance_ && !allowance_->take()) return Errno::kNoSpc;
    auto frame = allocate_user_frame(Fill::kZero);
    if (!frame) {
      if (allowance_) allowance_->give_back();
      return frame.error();
    }
    *pfn = frame.value();
    ++resident_;
  }
  return FrameRef::retain(*pfn);
}

Pfn RamObject::resident_page(std::uint64_t index) {
  if (index >= page_ceil(size_) >> kPageShift || is_closed(index)) return kNoFrame;
  Pfn* pfn = slot(index);
  return pfn ? *pfn : kNoFrame;
}

std::uint64_t RamObject::next_resident(std::uint64_t index) const {
  while (height_ > 0 && covers(index)) {
    void* table = root_;
    unsigned level = height_ - 1;
    while (level > 0) {
      void* child = static_cast<Node*>(table)->children[(index >> (level * kBits)) % kEntries];
      if (!child) break;
      table = child;
      --level;
    }
    if (level == 0) {
      const Pfn* frames = static_cast<Leaf*>(table)->frames;
      for (std::uint64_t i = index % kEntries; i < kEntries; ++i) {
        if (frames[i] != kNoFrame) return index - index % kEntries + i;
      }
    }
    // Nothing in what this entry covers.
    const std::uint64_t span = kEntries << (level == 0 ? 0 : (level - 1) * kBits);
    index = index - index % span + span;
    if (index == 0) break;  // past the highest number
  }
  return kNoPage;
}

std::uint64_t RamObject::next_hole(std::uint64_t index) const {
  for (;; ++index) {
    const Pfn* pfn = slot(index);
    if (!pfn || *pfn == kNoFrame) return index;
  }
}

Result<std::uint64_t> RamObject::prepare_pages(std::uint64_t first, std::uint64_t end) {
  std::uint64_t missing = 0;
  for (std::uint64_t index = first; index < end; ++index) {
    if (*TRY(make_slot(index)) == kNoFrame) ++missing;
  }
  return missing;
}

void RamObject::drop_page(std::uint64_t index) {
  Pfn* pfn = slot(index);
  release_frame(*pfn);
  *pfn = kNoFrame;
  --resident_;
  if (allowance_) allowance_->give_back();
}

void RamObject::set_size(std::uint64_t size) {
  if (size < size_) unmap_object_pages(*this, page_ceil(size) >> kPageShift, page_ceil(size_) >> kPageShift);
  if (size <= size_) punch_hole(size, ~std::uint64_t{0});
  size_ = size;
}

void RamObject::lower_end(std::uint64_t size) {
  if (size >= size_) return;
  unmap_object_pages(*this, page_ceil(size) >> kPageShift, page_ceil(size_) >> kPageShift);
  punch_hole(size, page_ceil(size) - size);
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
  std::uint64_t end;
  if (__builtin_add_overflow(offset, length, &end)) end = page_floor(~std::uint64_t{0});
  const auto clear_part = [&](std::uint64_t from, std::uint64_t to) {
    const Pfn* pfn = slot(from >> kPageShift);
    if (pfn && *pfn != kNoFrame && from < to) memset(frame_data(*pfn) + page_offset(from), 0, to - from);
  };
  if (page_floor(offset) == page_floor(end)) {
    clear_part(offset, end);
    return;
  }
  const std::uint64_t whole = page_offset(offset) == 0 ? offset : page_floor(offset) + kPageSize;
  clear_part(offset, whole);
  clear_part(page_floor(end), end);
  for (std::uint64_t index = next_resident(whole >> kPageShift); index < end >> kPageShift;
       index = next_resident(index + 1)) {
    drop_page(index);
  }
  if (resident_ == 0) free_all();
}

// No deeper than the tree is high: seven levels for all 2^64 pages.
void RamObject::free_table(void* table, unsigned level) {
  if (level == 0) {
    delete static_cast<Leaf*>(table);
    return;
  }
  for (void* child : static_cast<Node*>(table)->children) {
    if (child) free_table(child, level - 1);
  }
  delete static_cast<Node*>(table);
}

void RamObject::free_all() {
  if (height_ > 0) free_table(root_, height_ - 1);
  root_ = nullptr;
  height_ = 0;
}

}  // namespace kernel::mm
