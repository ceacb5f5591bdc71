#include "task/vdso.h"

#include <algorithm>

#include "lib/clock_page.h"
#include "lib/global.h"
#include "lib/random.h"
#include "mm/page_table.h"

#pragma GCC visibility push(hidden)
extern "C" const char vdso_image[], vdso_image_end[];
#pragma GCC visibility pop

namespace kernel::task {
namespace {

using mm::kPageSize;

// The clock page is page 0, the ELF file follows. They are no pages of RAM that anybody could free: nobody counts who
// uses them (mm/frame.h).
class VdsoPages final : public mm::MemoryObject {
 public:
  Result<mm::FrameRef> page(std::uint64_t index, Access access, Ref<mm::PendingPage>&) override {
    const mm::Pfn pfn = resident_page(index);
    if (pfn == mm::kNoFrame || access == Access::kWrite) return Errno::kFault;
    return mm::FrameRef::retain(pfn);
  }
  mm::Pfn resident_page(std::uint64_t index) override {
    if (index >= kVdsoMappedPages) return mm::kNoFrame;
    return mm::frame_of(index == 0 ? static_cast<const void*>(&clock_page()) : vdso_image + (index - 1) * kPageSize);
  }
  std::uint64_t size() const override { return kVdsoMappedPages * kPageSize; }
};

constinit Global<Ref<mm::MemoryObject>> pages_;

Result<Ref<mm::MemoryObject>> vdso_pages() {
  if (!*pages_) *pages_ = TRY(make_ref<VdsoPages>());
  return Ref<mm::MemoryObject>(*pages_);
}

// In the span of the last-level page table that the stack's top has, if there is room: then it costs no table.
std::uint64_t place_above(std::uint64_t stack_top) {
  constexpr std::uint64_t kLength = kVdsoMappedPages * kPageSize;
  const std::uint64_t end =
      std::min(mm::PageTable::span_of(stack_top - 1) + mm::PageTable::kLeafSpan, husk::abi::kUserEnd - kPageSize);
  if (end < stack_top + kLength) return stack_top;
  const std::uint64_t places = (end - stack_top - kLength) / kPageSize + 1;
  return stack_top + random_value<std::uint64_t>() % places * kPageSize;
}

}  // namespace

Result<std::uint64_t> map_vdso(mm::AddressSpace& space, std::uint64_t stack_top) {
  const std::uint64_t start = place_above(stack_top);
  mm::AddressSpace::MapRequest clock;
  clock.address = start;
  clock.length = kPageSize;
  clock.fixed = true;
  clock.mapping.protection = {.read = true, .write = false, .execute = false};
  clock.mapping.may_write = false;
  clock.mapping.object = TRY(vdso_pages());
  clock.mapping.label = "[vvar]";
  TRY(space.map(std::move(clock)));
  mm::AddressSpace::MapRequest image;
  image.address = start + kPageSize;
  image.length = kVdsoPages * kPageSize;
  image.fixed = true;
  image.mapping.protection = {.read = true, .write = false, .execute = true};
  image.mapping.object = TRY(vdso_pages());
  image.mapping.object_page = 1;
  image.mapping.label = "[vdso]";
  TRY(space.map(std::move(image)));
  // Every C library looks at it first of all, and a fault costs more than both entries.
  TRY(space.populate(TRY(mm::UserRange::of(start, kVdsoMappedPages * kPageSize, Errno::kNoMem)),
                     mm::AddressSpace::Populate::kRead));
  return start + kPageSize;
}

}  // namespace kernel::task
