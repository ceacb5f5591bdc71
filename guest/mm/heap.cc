// The kernel's heap, behind operator new and delete: slabs of equal objects for small sizes, whole frames for large
// ones. A slab is one frame; its bookkeeping is in the frame's record, so objects start at the frame's start and are
// aligned to the largest power of two that divides their size class.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/frame_table.h"

namespace kernel::mm {
namespace {

constexpr std::uint16_t kClasses[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048};
constexpr unsigned kClassCount = sizeof kClasses / sizeof kClasses[0];

constinit std::uint32_t slabs_with_room_[kClassCount] = {};  // frame numbers, 0 = none

unsigned class_of(std::size_t size) {
  unsigned index = 0;
  while (kClasses[index] < size) ++index;
  return index;
}

void push_slab(std::uint32_t frame, unsigned index) {
  FrameRecord& record = frame_record(Pfn{frame});
  record.previous = 0;
  record.next = slabs_with_room_[index];
  if (record.next) frame_record(Pfn{record.next}).previous = frame;
  slabs_with_room_[index] = frame;
}

void remove_slab(std::uint32_t frame, unsigned index) {
  FrameRecord& record = frame_record(Pfn{frame});
  if (record.previous)
    frame_record(Pfn{record.previous}).next = record.next;
  else
    slabs_with_room_[index] = record.next;
  if (record.next) frame_record(Pfn{record.next}).previous = record.previous;
}

// A free object holds the offset of the next one.
std::uint16_t& link_at(std::byte* slab, std::size_t offset) {
  return *reinterpret_cast<std::uint16_t*>(slab + offset);
}

bool make_slab(unsigned index) {
  auto allocated = allocate_frame(Fill::kNone);
  if (!allocated) return false;
  const Pfn pfn = allocated.value();
  FrameRecord& record = frame_record(pfn);
  record.state = FrameState::kSlab;
  record.order = static_cast<std::uint8_t>(index);
  record.references = 0;
  const std::size_t size = kClasses[index];
  const std::size_t count = kPageSize / size;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t next = i + 1 < count ? (i + 1) * size : kPageSize;
    link_at(frame_data(pfn), i * size) = static_cast<std::uint16_t>(next);
  }
  record.first_free = 0;
  push_slab(static_cast<std::uint32_t>(pfn.value), index);
  return true;
}

}  // namespace

void* heap_allocate(std::size_t size) {
  if (size > kClasses[kClassCount - 1]) {
    const unsigned order = static_cast<unsigned>(std::bit_width((size - 1) >> kPageShift));
    auto frames = allocate_frames(order);
    return frames ? frame_data(frames.value()) : nullptr;
  }
  const unsigned index = class_of(size);
  if (!slabs_with_room_[index] && !make_slab(index)) return nullptr;
  const std::uint32_t frame = slabs_with_room_[index];
  FrameRecord& record = frame_record(Pfn{frame});
  std::byte* object = frame_data(Pfn{frame}) + record.first_free;
  record.first_free = link_at(object, 0);
  ++record.references;
  if (record.first_free == kPageSize) remove_slab(frame, index);
  return object;
}

void heap_free(void* pointer) {
  if (!pointer) return;
  const Pfn pfn = frame_of(pointer);
  FrameRecord& record = frame_record(pfn);
  if (record.state == FrameState::kBlock) {
    free_frames(pfn, record.order);
    return;
  }
  if (record.state != FrameState::kSlab) panic("delete of memory that is not the heap's");
  const unsigned index = record.order;
  const std::uint16_t previous_first = record.first_free;
  link_at(static_cast<std::byte*>(pointer), 0) = previous_first;
  record.first_free = static_cast<std::uint16_t>(page_offset(reinterpret_cast<std::uint64_t>(pointer)));
  --record.references;
  const auto frame = static_cast<std::uint32_t>(pfn.value);
  if (previous_first == kPageSize) push_slab(frame, index);
  if (record.references == 0) {
    // Empty: the frame goes back, but the last slab of a class stays, lest the next object make one again.
    if (slabs_with_room_[index] == frame && record.next == 0) return;
    remove_slab(frame, index);
    record.state = FrameState::kSingle;
    record.references = 1;
    release_frame(pfn);
  }
}

}  // namespace kernel::mm

const std::nothrow_t std::nothrow{};

// The kernel only uses the forms that can fail; the throwing ones exist because virtual destructors refer to them.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return kernel::mm::heap_allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return kernel::mm::heap_allocate(size);
}
void operator delete(void* pointer) noexcept {
  kernel::mm::heap_free(pointer);
}
void operator delete[](void* pointer) noexcept {
  kernel::mm::heap_free(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
  kernel::mm::heap_free(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept {
  kernel::mm::heap_free(pointer);
}
