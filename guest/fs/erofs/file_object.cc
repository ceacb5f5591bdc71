#include "fs/erofs/file_object.h"

#include <algorithm>

#include "lib/string.h"

namespace kernel::fs::erofs {

namespace {

bool all_zero(const std::byte* data, std::uint64_t size) {
  for (std::uint64_t i = 0; i < size; ++i) {
    if (data[i] != std::byte{0}) return false;
  }
  return true;
}

}  // namespace

Result<mm::Pfn> FileObject::direct_frame(std::uint64_t index) const {
  const std::uint64_t offset = index << mm::kPageShift;
  const auto extent = TRY(image_.map(file_, offset));
  if (!extent.data || mm::page_offset(reinterpret_cast<std::uint64_t>(extent.data)) != 0) return mm::kNoFrame;
  if (extent.length < mm::kPageSize) {
    // The last page: what follows in its block must read as zero (mmap(2)).
    const bool plain = file_.layout != Layout::kFlatInline && offset + extent.length == file_.size;
    if (!plain || !image_.contains(extent.data, mm::kPageSize)) return mm::kNoFrame;
    if (!all_zero(extent.data + extent.length, mm::kPageSize - extent.length)) return mm::kNoFrame;
  }
  return mm::frame_of(extent.data);
}

Result<mm::FrameRef> FileObject::copied_page(std::uint64_t index) {
  const std::uint64_t offset = index << mm::kPageShift;
  const auto extent = TRY(image_.map(file_, offset));
  mm::FrameRef& copy = extent.data ? tail_ : zero_;
  if (!copy) {
    auto frame = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kZero)));
    if (extent.data) memcpy(frame.data(), extent.data, std::min(extent.length, mm::kPageSize));
    copy = std::move(frame);
  }
  return mm::FrameRef::retain(copy.pfn());
}

Result<mm::FrameRef> FileObject::page(std::uint64_t index, Access access, Ref<mm::PendingPage>&) {
  if (access == Access::kWrite) return Errno::kAcces;
  if (index >= mm::page_ceil(file_.size) >> mm::kPageShift) return Errno::kFault;
  const mm::Pfn direct = TRY(direct_frame(index));
  if (direct == mm::kNoFrame) return copied_page(index);
  return mm::FrameRef::retain(direct);
}

mm::Pfn FileObject::resident_page(std::uint64_t index) {
  if (index >= mm::page_ceil(file_.size) >> mm::kPageShift) return mm::kNoFrame;
  // Neighbours of a fault: a last page would cost a look at its bytes, so it waits until it is asked for.
  if ((index + 1) << mm::kPageShift > file_.size) return mm::kNoFrame;
  auto direct = direct_frame(index);
  return direct ? direct.value() : mm::kNoFrame;
}

}  // namespace kernel::fs::erofs
