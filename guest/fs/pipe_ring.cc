#include "fs/pipe_ring.h"

#include <algorithm>
#include <utility>

#include "fs/file.h"

namespace kernel::fs {

Result<void> PipeRing::set_slots(std::size_t count) {
  if (count < used_ + reserved_) return Errno::kBusy;
  Vector<PipeSlot> slots;
  TRY(slots.resize(count));
  for (std::size_t i = 0; i < used_; ++i) slots[i] = std::move(at(i));
  slots_ = std::move(slots);
  first_ = 0;
  return {};
}

std::size_t PipeRing::bytes() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < used_; ++i) total += slots_[(first_ + i) % slots_.size()].length;
  return total;
}

Result<std::size_t> PipeRing::take(mm::IoBuffer& buffer) {
  std::size_t moved = 0;
  while (!empty() && buffer.remaining() > 0) {
    const PipeSlot& slot = front();
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

Result<std::size_t> PipeRing::merge(mm::IoBuffer& buffer) {
  const std::size_t odd = buffer.remaining() % mm::kPageSize;
  if (odd == 0 || empty()) return 0;
  PipeSlot& last = at(used_ - 1);
  const std::size_t end = last.offset + last.length;
  if (!last.mergeable || end + odd > mm::kPageSize) return 0;
  const std::size_t loaded = TRY(buffer.load({last.frame.data() + end, odd}));
  if (loaded < odd) return Errno::kFault;
  last.length = static_cast<std::uint16_t>(last.length + odd);
  return odd;
}

Result<std::size_t> PipeRing::append(mm::IoBuffer& buffer, bool packet) {
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

void PipeRing::consume(std::size_t count) {
  PipeSlot& slot = front();
  slot.offset = static_cast<std::uint16_t>(slot.offset + count);
  slot.length = static_cast<std::uint16_t>(slot.length - count);
  if (slot.length == 0) pop();
}

void PipeRing::push_shared(const PipeSlot& slot, std::size_t length) {
  PipeSlot& copy = push_empty();
  copy.frame = mm::FrameRef::retain(slot.frame.pfn());
  copy.offset = slot.offset;
  copy.length = static_cast<std::uint16_t>(length);
  copy.mergeable = false;
  copy.packet = slot.packet;
}

void PipeRing::push(mm::FrameRef frame, std::size_t length) {
  PipeSlot& slot = push_empty();
  slot.frame = std::move(frame);
  slot.offset = 0;
  slot.length = static_cast<std::uint16_t>(length);
  slot.mergeable = slot.packet = false;
}

Result<mm::FrameRef> PipeRing::new_frame() {
  if (spare_) return std::move(spare_);
  return mm::FrameRef::adopt(TRY(mm::allocate_user_frame(mm::Fill::kNone)));
}

void PipeRing::pop() {
  mm::FrameRef frame = std::move(front().frame);
  // One that tee has given to another pipe, too, must not be written again.
  if (mm::frame_references(frame.pfn()) == 1) spare_ = std::move(frame);
  first_ = (first_ + 1) % slots_.size();
  --used_;
}

}  // namespace kernel::fs
