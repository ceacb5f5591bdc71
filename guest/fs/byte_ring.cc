#include "fs/byte_ring.h"

#include <algorithm>
#include <utility>

#include "fs/file.h"

namespace kernel::fs {

namespace {

constexpr std::size_t kFirstSlots = 8;  // of a ring that grows by itself

}  // namespace

Result<void> ByteRing::set_slots(std::size_t count) {
  if (count < used_ + reserved_) return Errno::kBusy;
  Vector<RingSlot> slots;
  TRY(slots.resize(count));
  for (std::size_t i = 0; i < used_; ++i) slots[i] = std::move(at(i));
  slots_ = std::move(slots);
  first_ = 0;
  return {};
}

Result<std::size_t> ByteRing::take(mm::IoBuffer& buffer) {
  std::size_t moved = 0;
  while (!empty() && buffer.remaining() > 0) {
    const RingSlot& slot = front();
    const std::size_t wanted = std::min<std::size_t>(slot.length, buffer.remaining());
    const bool packet = slot.packet;
    auto stored = buffer.store({slot.data(), wanted});
    if (!stored || stored.value() < wanted) return moved_or(moved, Errno::kFault);
    moved += wanted;
    consume(packet ? slot.length : wanted);
    if (packet) break;
  }
  return moved;
}

Result<std::size_t> ByteRing::merge(mm::IoBuffer& buffer) {
  const std::size_t odd = buffer.remaining() % mm::kPageSize;
  if (odd == 0 || empty()) return 0;
  RingSlot& last = at(used_ - 1);
  const std::size_t end = last.offset + last.length;
  if (!last.mergeable || end + odd > mm::kPageSize) return 0;
  const std::size_t loaded = TRY(buffer.load({last.frame.data() + end, odd}));
  if (loaded < odd) return Errno::kFault;
  last.length = static_cast<std::uint16_t>(last.length + odd);
  bytes_ += odd;
  return odd;
}

Result<std::size_t> ByteRing::append(mm::IoBuffer& buffer, bool packet) {
  const std::size_t wanted = std::min(mm::kPageSize, buffer.remaining());
  mm::FrameRef frame = TRY(new_frame());
  auto loaded = buffer.load({frame.data(), wanted});
  if (!loaded || loaded.value() < wanted) {
    spare_ = std::move(frame);
    return Errno::kFault;
  }
  push(std::move(frame), wanted);
  at(used_ - 1).mergeable = !packet;
  at(used_ - 1).packet = packet;
  return wanted;
}

Result<std::size_t> ByteRing::fill(mm::IoBuffer& buffer, std::size_t most) {
  std::size_t moved = 0;
  while (buffer.remaining() > 0 && bytes_ < most) {
    const std::size_t wanted = std::min(buffer.remaining(), most - bytes_);
    RingSlot* last = empty() ? nullptr : &at(used_ - 1);
    const std::size_t end = last ? last->offset + last->length : mm::kPageSize;
    if (!last || !last->mergeable || end == mm::kPageSize) {
      if (full()) {
        if (auto grown = set_slots(std::max<std::size_t>(kFirstSlots, 2 * slots_.size())); !grown) {
          return moved_or(moved, grown.error());
        }
      }
      auto frame = new_frame();
      if (!frame) return moved_or(moved, frame.error());
      auto loaded = buffer.load({frame.value().data(), std::min(wanted, mm::kPageSize)});
      if (!loaded) {
        spare_ = frame.take();
        return moved_or(moved, loaded.error());
      }
      push(frame.take(), loaded.value());
      at(used_ - 1).mergeable = true;
      moved += loaded.value();
      continue;
    }
    auto loaded = buffer.load({last->frame.data() + end, std::min(wanted, mm::kPageSize - end)});
    if (!loaded) return moved_or(moved, loaded.error());
    last->length = static_cast<std::uint16_t>(last->length + loaded.value());
    bytes_ += loaded.value();
    moved += loaded.value();
  }
  return moved;
}

Result<std::size_t> ByteRing::peek(mm::IoBuffer& buffer, std::size_t offset) const {
  std::size_t moved = 0;
  for (std::size_t i = 0; i < used_ && buffer.remaining() > 0; ++i) {
    const RingSlot& slot = at(i);
    if (offset >= slot.length) {
      offset -= slot.length;
      continue;
    }
    const std::size_t wanted = std::min<std::size_t>(slot.length - offset, buffer.remaining());
    auto stored = buffer.store({slot.data() + offset, wanted});
    if (!stored) return moved_or(moved, stored.error());
    moved += stored.value();
    if (stored.value() < wanted) break;
    offset = 0;
  }
  return moved;
}

void ByteRing::clear() {
  while (!empty()) consume(front().length);
}

void ByteRing::consume(std::size_t count) {
  RingSlot& slot = front();
  slot.offset = static_cast<std::uint16_t>(slot.offset + count);
  slot.length = static_cast<std::uint16_t>(slot.length - count);
  bytes_ -= count;
  if (slot.length == 0) pop();
}

void ByteRing::push_shared(const RingSlot& slot, std::size_t length) {
  RingSlot& copy = push_empty();
  copy.frame = mm::FrameRef::retain(slot.frame.pfn());
  copy.offset = slot.offset;
  copy.length = static_cast<std::uint16_t>(length);
  bytes_ += length;
  copy.mergeable = false;
  copy.packet = slot.packet;
}

void ByteRing::push(mm::FrameRef frame, std::size_t length) {
  RingSlot& slot = push_empty();
  slot.frame = std::move(frame);
  slot.offset = 0;
  slot.length = static_cast<std::uint16_t>(length);
  bytes_ += length;
  slot.mergeable = slot.packet = false;
}

Result<mm::FrameRef> ByteRing::new_frame() {
  if (spare_) return std::move(spare_);
  return mm::FrameRef::adopt(TRY(mm::allocate_user_frame(mm::Fill::kNone)));
}

void ByteRing::pop() {
  mm::FrameRef frame = std::move(front().frame);
  // One that tee has given to another pipe, too, must not be written again.
  if (mm::frame_references(frame.pfn()) == 1) spare_ = std::move(frame);
  first_ = (first_ + 1) % slots_.size();
  --used_;
}

}  // namespace kernel::fs
