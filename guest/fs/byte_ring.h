// Bytes on their way from one end of something to the other: of a pipe, a stream socket, a pty. A ring of slots, each
// part of a page, so that pages can be moved or shared instead of copied (splice(2), tee(2)).
//
// How much fits is the owner's to say. In a pipe, as Linux has it, that depends on slots and not on bytes alone (pipe(7),
// "Pipe capacity"): a slot is used until its last byte is read, and a write adds to the last slot only if the part that
// fills no page fits there whole (merge, append). Streams without records count bytes and fill pages up (fill).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/result.h"
#include "lib/vector.h"
#include "mm/frame.h"
#include "mm/io_buffer.h"

namespace kernel::fs {

struct RingSlot {
  mm::FrameRef frame;
  std::uint16_t offset = 0;
  std::uint16_t length = 0;
  bool mergeable = false;  // a write may add to it: not what tee or splice put here, and no packet
  bool packet = false;     // O_DIRECT: a read takes no more, and drops what it does not take (pipe(2))

  std::byte* data() const { return frame.data() + offset; }
};

class ByteRing {
 public:
  Result<void> set_slots(std::size_t count);  // kBusy if more are in use, kNoMem
  std::size_t slots() const { return slots_.size(); }
  std::size_t used() const { return used_; }
  std::size_t free() const { return slots_.size() - used_ - reserved_; }
  bool empty() const { return used_ == 0; }
  bool full() const { return free() == 0; }
  std::size_t bytes() const { return bytes_; }

  // From the front; a slot's part reaches the buffer whole or not at all (kFault).
  Result<std::size_t> take(mm::IoBuffer& buffer);
  // The part of a write that fills no page, into the last slot if it has room for all of it.
  Result<std::size_t> merge(mm::IoBuffer& buffer);
  // Up to a page into a new slot; the ring is not full.
  Result<std::size_t> append(mm::IoBuffer& buffer, bool packet);
  // As much as there is, until the ring holds `most` bytes; it gets the slots that this needs. What could not be moved
  // stays in the buffer; an error only if nothing could (kFault, kNoMem).
  Result<std::size_t> fill(mm::IoBuffer& buffer, std::size_t most);
  // Stores up to buffer.remaining() bytes from `offset` on and leaves them here (MSG_PEEK).
  Result<std::size_t> peek(mm::IoBuffer& buffer, std::size_t offset) const;
  void clear();

  RingSlot& at(std::size_t index) { return slots_[(first_ + index) % slots_.size()]; }
  const RingSlot& at(std::size_t index) const { return slots_[(first_ + index) % slots_.size()]; }
  RingSlot& front() { return at(0); }
  void consume(std::size_t count);  // of the front slot
  // Another reference to the first `length` bytes of `slot` behind what is here.
  void push_shared(const RingSlot& slot, std::size_t length);
  void push(mm::FrameRef frame, std::size_t length);

  // A slot that is kept free for who is still getting its contents, maybe asleep.
  void reserve() { ++reserved_; }
  void end_reservation() { --reserved_; }

  Result<mm::FrameRef> new_frame();

 private:
  RingSlot& push_empty() { return slots_[(first_ + used_++) % slots_.size()]; }
  void pop();

  Vector<RingSlot> slots_;
  std::size_t first_ = 0;
  std::size_t used_ = 0;
  std::size_t reserved_ = 0;
  std::size_t bytes_ = 0;
  // Of the slot that was emptied last: a pipe that is read as fast as it is written needs one page.
  mm::FrameRef spare_;
};

}  // namespace kernel::fs
