// The device's side of a split virtqueue (virtio 1.2, section 2.7), and the one place where what the guest wrote into
// it is checked. A device receives a Chain: spans of host memory that are inside guest RAM, readable before writable,
// the writable ones in memory that may be written, bounded in number and in total length. It never sees a descriptor.
//
// The guest can change the queue while the device reads it, so every field is loaded once, into a copy, and the copy is
// checked and used. What lies behind a span stays guest memory: it may change under the device's hands.
//
// A guest that breaks the rules gets an error that names the rule (`error()`); the queue then yields nothing more until
// it is set up again. No input makes it crash, loop, or allocate without bound.
//
// Nor may it keep the device busy for long. A guest can ask for gigabytes by one notification, and whoever serves it is
// the thread that must see signals (a vCPU's) or that other devices wait for (the I/O thread), with the device's lock
// held. So a device works in turns: `pop` and `allow` give it no more chains and bytes than a turn's budget, and what
// was left is for another turn (mmio.h, `work`).
//
// Threading: none of its own; the transport's lock (mmio.h) guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/guest_memory.h"

namespace husk::virtio {

// Section 2.7: the largest queue the split layout can describe.
inline constexpr std::uint16_t kMaxQueueSize = 32768;

// Descriptors may overlap, so a chain can be longer than RAM. Section 2.7.4 allows 2^32 bytes. The longest that we know
// of are Linux's reports of free memory: 32 blocks of 4 MiB (its PAGE_REPORTING_CAPACITY and MAX_ORDER).
inline constexpr std::uint64_t kMaxChainBytes = std::uint64_t{128} << 20;

// What a device may do in one turn. Bytes: about a millisecond of writing to a pipe, in pieces of 4 KiB. Descriptors:
// each may cost two system calls, even for one byte. More than a well-behaved driver makes available at once (husk's
// own: 8 chains of two descriptors and 64 KiB), so that it never takes a second turn. The last chain of a turn may go
// beyond the descriptors, by less than the queue's size.
inline constexpr std::uint64_t kTurnBytes = std::uint64_t{1} << 20;
inline constexpr std::size_t kTurnDescriptors = 256;

enum class QueueError : std::uint8_t {
  kNone,
  kBadSize,          // the queue's size is 0, no power of two, or above the device's maximum
  kMisaligned,       // a part of the queue is not aligned as table 2.7 asks
  kRingOutsideRam,   // a part of the queue is not wholly inside guest RAM
  kRingReadOnly,     // the used ring is in memory that devices must not write: the kernel's code
  kAvailIndexJump,   // more new heads in the available ring than the queue has entries
  kDescriptorIndex,  // a head or `next` names a descriptor beyond the table
  kDescriptorLoop,   // a chain has more descriptors than the queue has entries
  kReadableAfterWritable,
  kBufferOutsideRam,
  kBufferReadOnly,      // a device-writable buffer is in memory that devices must not write
  kChainTooLong,        // more than kMaxChainBytes
  kIndirectUnexpected,  // an indirect descriptor, but VIRTIO_F_INDIRECT_DESC was not negotiated
  kIndirectNested,      // an indirect descriptor inside an indirect table
  kIndirectWithNext,    // VIRTQ_DESC_F_INDIRECT and VIRTQ_DESC_F_NEXT in one descriptor
  kIndirectTableSize,   // the table's length is 0, no multiple of 16, or more than the queue's size allows
  kWrongDirection,      // the device found writable bytes where it needs readable ones, or the reverse
};
std::string_view describe(QueueError error);

// One request of the driver: the bytes it gives to the device, then the room it offers for the answer.
class Chain {
 public:
  std::span<const std::span<const std::byte>> readable() const { return readable_; }
  std::span<const std::span<std::byte>> writable() const { return writable_; }
  std::uint64_t readable_bytes() const { return readable_bytes_; }
  std::uint64_t writable_bytes() const { return writable_bytes_; }

  // Copies from the readable bytes at `offset`; returns how many there were.
  std::size_t copy_out(std::uint64_t offset, std::span<std::byte> to) const;
  // Copies into the writable bytes at `offset`; returns how many there was room for.
  std::size_t copy_in(std::uint64_t offset, std::span<const std::byte> from) const;

 private:
  friend class Queue;
  std::uint16_t head_ = 0;
  std::uint64_t readable_bytes_ = 0;
  std::uint64_t writable_bytes_ = 0;
  std::vector<std::span<const std::byte>> readable_;  // both keep their capacity from one pop to the next
  std::vector<std::span<std::byte>> writable_;
};

// Where the driver put the three parts, as it wrote them into the transport's registers. Untrusted.
struct QueueLayout {
  std::uint16_t size = 0;
  Gpa descriptors;  // "descriptor area", 16 bytes each
  Gpa available;    // "driver area"
  Gpa used;         // "device area"
};

class Queue {
 public:
  explicit Queue(const GuestMemory& memory) : memory_(memory) {}

  // Takes the layout into use if it is sound. `features` are the negotiated ones.
  QueueError enable(const QueueLayout& layout, std::uint16_t max_size, std::uint64_t features);
  void disable();
  bool enabled() const { return size_ != 0; }
  std::uint16_t size() const { return size_; }

  // A new turn, with its whole budget. Whoever calls the device's code does it: the transport, or the device itself
  // when it is called by the event loop. A device that nobody gave a turn gets no chain.
  void begin_turn();
  // How many of `wanted` bytes the device may move now. They count as moved.
  std::uint64_t allow(std::uint64_t wanted);
  // Whether this turn left work because its budget was spent: a chain that was not popped, or bytes that `allow` did
  // not allow.
  bool unfinished() const { return unfinished_; }

  // The next chain that the driver has made available, into `chain` (reused, so that no pop allocates for long). False
  // when there is none, when the turn's budget is spent, or when the guest broke a rule: see `error`.
  bool pop(Chain& chain);

  // Whether `pop` has something to look at. When not, the driver has been asked to notify of the next chain (unless
  // notifications are suppressed), so a device that gets false can wait for process_queue.
  bool has_chain() { return new_heads() != 0; }

  // Gives `chain` back to the driver with `written` bytes in its writable part, and says whether the driver wants an
  // interrupt for it (sections 2.7.7 and 2.7.8).
  [[nodiscard]] bool push(const Chain& chain, std::uint32_t written);

  // A device that is busy anyway asks the driver not to notify it (section 2.7.10). After it allows notifications
  // again, it must call `pop` or `has_chain`: the driver may have added a chain in between.
  void suppress_notifications(bool suppress);

  QueueError error() const { return error_; }
  // A device that finds a chain of the wrong shape reports it here.
  void fail(QueueError error) { error_ = error; }

 private:
  struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
  };
  static_assert(sizeof(Descriptor) == 16);

  bool has_event_idx() const;
  std::uint16_t new_heads();
  bool collect(std::uint16_t head, Chain& chain);
  void spend_descriptor();
  QueueError check_indirect(const Descriptor& descriptor, bool already_indirect) const;
  QueueError add_buffer(const Descriptor& descriptor, Chain& chain) const;

  const GuestMemory& memory_;
  std::uint16_t size_ = 0;
  std::uint64_t features_ = 0;
  std::span<const std::byte> descriptors_;
  std::span<const std::byte> available_;
  std::span<std::byte> used_;
  std::uint16_t next_available_ = 0;  // free-running, as the ring's own indices
  std::uint16_t next_used_ = 0;
  bool suppressed_ = false;
  bool unfinished_ = false;
  std::size_t descriptors_left_ = 0;  // of the turn's budget
  std::uint64_t bytes_left_ = 0;
  QueueError error_ = QueueError::kNone;
};

}  // namespace husk::virtio
