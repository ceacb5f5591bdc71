#include "devices/virtio/queue.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "devices/virtio/features.h"

namespace husk::virtio {
namespace {

// Descriptor flags (section 2.7.5) and ring flags (2.7.6, 2.7.8).
constexpr std::uint16_t kDescriptorNext = 1;
constexpr std::uint16_t kDescriptorWrite = 2;
constexpr std::uint16_t kDescriptorIndirect = 4;
constexpr std::uint16_t kAvailNoInterrupt = 1;
constexpr std::uint16_t kUsedNoNotify = 1;

// Both rings start with le16 flags, le16 idx; then the entries; then the other side's event index (2.7.6, 2.7.8).
constexpr std::size_t kFlagsOffset = 0;
constexpr std::size_t kIndexOffset = 2;
constexpr std::size_t kRingOffset = 4;
constexpr std::size_t kDescriptorSize = 16;
constexpr std::size_t kUsedElementSize = 8;
constexpr std::size_t descriptor_area_size(std::size_t n) {
  return kDescriptorSize * n;
}
constexpr std::size_t available_area_size(std::size_t n) {
  return 6 + 2 * n;
}
constexpr std::size_t used_area_size(std::size_t n) {
  return 6 + kUsedElementSize * n;
}

// A ring field that the guest reads or writes at the same time. `enable` has checked alignment and bounds.
// (std::atomic_ref has no way to load from what is const before C++26.)
using RingField [[gnu::may_alias]] = std::uint16_t;

std::uint16_t load_field(std::span<const std::byte> area, std::size_t offset, int order = __ATOMIC_SEQ_CST) {
  return __atomic_load_n(reinterpret_cast<const RingField*>(area.data() + offset), order);
}
void store_field(std::span<std::byte> area, std::size_t offset, std::uint16_t value, int order) {
  __atomic_store_n(reinterpret_cast<RingField*>(area.data() + offset), value, order);
}

}  // namespace

std::string_view describe(QueueError error) {
  switch (error) {
    case QueueError::kNone:
      return "no error";
    case QueueError::kBadSize:
      return "the queue size is zero, no power of two, or above the maximum";
    case QueueError::kMisaligned:
      return "a part of the queue is misaligned";
    case QueueError::kRingOutsideRam:
      return "a part of the queue is outside guest memory";
    case QueueError::kRingReadOnly:
      return "the used ring is in read-only memory";
    case QueueError::kAvailIndexJump:
      return "the available index moved by more than the queue size";
    case QueueError::kDescriptorIndex:
      return "a descriptor index is beyond the table";
    case QueueError::kDescriptorLoop:
      return "a descriptor chain is longer than the queue, or loops";
    case QueueError::kReadableAfterWritable:
      return "a readable descriptor follows a writable one";
    case QueueError::kBufferOutsideRam:
      return "a buffer is outside guest memory";
    case QueueError::kBufferReadOnly:
      return "a device-writable buffer is in read-only memory";
    case QueueError::kChainTooLong:
      return "the buffers of one chain have too many bytes";
    case QueueError::kIndirectUnexpected:
      return "an indirect descriptor was not negotiated";
    case QueueError::kIndirectNested:
      return "an indirect table contains an indirect descriptor";
    case QueueError::kIndirectWithNext:
      return "an indirect descriptor has a next descriptor";
    case QueueError::kIndirectTableSize:
      return "an indirect table has a bad length";
    case QueueError::kWrongDirection:
      return "a chain lacks the readable or writable bytes that its queue needs";
  }
  return "unknown error";
}

std::size_t Chain::copy_out(std::uint64_t offset, std::span<std::byte> to) const {
  std::size_t done = 0;
  for (std::span<const std::byte> segment : readable()) {
    if (offset >= segment.size()) {
      offset -= segment.size();
      continue;
    }
    const std::size_t n = std::min(segment.size() - offset, to.size() - done);
    copy_from_shared(to.data() + done, segment.data() + offset, n);
    done += n;
    offset = 0;
    if (done == to.size()) break;
  }
  return done;
}

std::size_t Chain::copy_in(std::uint64_t offset, std::span<const std::byte> from) const {
  std::size_t done = 0;
  for (std::span<std::byte> segment : writable()) {
    if (offset >= segment.size()) {
      offset -= segment.size();
      continue;
    }
    const std::size_t n = std::min(segment.size() - offset, from.size() - done);
    copy_to_shared(segment.data() + offset, from.data() + done, n);
    done += n;
    offset = 0;
    if (done == from.size()) break;
  }
  return done;
}

QueueError Queue::enable(const QueueLayout& layout, std::uint16_t max_size, std::uint64_t features) {
  disable();
  if (!std::has_single_bit(layout.size) || layout.size > std::min(max_size, kMaxQueueSize)) {
    return error_ = QueueError::kBadSize;
  }
  if (layout.descriptors.value % 16 != 0 || layout.available.value % 2 != 0 || layout.used.value % 4 != 0) {
    return error_ = QueueError::kMisaligned;
  }
  descriptors_ = memory_.readable(layout.descriptors, descriptor_area_size(layout.size));
  available_ = memory_.readable(layout.available, available_area_size(layout.size));
  used_ = memory_.writable(layout.used, used_area_size(layout.size));
  if (descriptors_.empty() || available_.empty()) return error_ = QueueError::kRingOutsideRam;
  if (used_.empty()) {
    const bool in_ram = !memory_.readable(layout.used, used_area_size(layout.size)).empty();
    return error_ = in_ram ? QueueError::kRingReadOnly : QueueError::kRingOutsideRam;
  }
  size_ = layout.size;
  features_ = features;
  return QueueError::kNone;
}

void Queue::disable() {
  size_ = 0;
  features_ = 0;
  descriptors_ = available_ = {};
  used_ = {};
  next_available_ = next_used_ = 0;
  suppressed_ = unfinished_ = false;
  descriptors_left_ = bytes_left_ = 0;
  error_ = QueueError::kNone;
}

void Queue::begin_turn() {
  descriptors_left_ = kTurnDescriptors;
  bytes_left_ = kTurnBytes;
  unfinished_ = false;
}

std::uint64_t Queue::allow(std::uint64_t wanted) {
  const std::uint64_t allowed = std::min(wanted, bytes_left_);
  bytes_left_ -= allowed;
  if (allowed < wanted) unfinished_ = true;
  return allowed;
}

void Queue::spend_descriptor() {
  if (descriptors_left_ > 0) --descriptors_left_;
}

bool Queue::has_event_idx() const {
  return (features_ & kFeatureEventIdx) != 0;
}

std::uint16_t Queue::new_heads() {
  if (!enabled() || error_ != QueueError::kNone) return 0;
  std::uint16_t available = load_field(available_, kIndexOffset, __ATOMIC_ACQUIRE);
  if (available == next_available_ && has_event_idx() && !suppressed_) {
    // Ask for a notification of the next chain, then look again: it may have come before the driver saw the request.
    store_field(used_, kRingOffset + kUsedElementSize * size_, next_available_, __ATOMIC_RELAXED);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    available = load_field(available_, kIndexOffset, __ATOMIC_ACQUIRE);
  }
  return static_cast<std::uint16_t>(available - next_available_);
}

bool Queue::pop(Chain& chain) {
  const std::uint16_t heads = new_heads();
  if (heads == 0) return false;
  if (heads > size_) {
    error_ = QueueError::kAvailIndexJump;
    return false;
  }
  if (descriptors_left_ == 0 || bytes_left_ == 0) {
    unfinished_ = true;
    return false;
  }
  const std::size_t slot = next_available_ & (size_ - 1);
  const std::uint16_t head = load_field(available_, kRingOffset + 2 * slot, __ATOMIC_RELAXED);
  if (!collect(head, chain)) return false;
  ++next_available_;
  return true;
}

// Follows the chain from `head`, through at most one indirect table, which can only be its last part (2.7.5.3.1).
bool Queue::collect(std::uint16_t head, Chain& chain) {
  chain.head_ = head;
  chain.readable_bytes_ = chain.writable_bytes_ = 0;
  chain.readable_.clear();
  chain.writable_.clear();

  std::span<const std::byte> table = descriptors_;
  bool indirect = false;
  std::size_t index = head;
  // Neither a chain nor an indirect table may have more descriptors than the queue has entries, and a driver must not
  // make a chain longer than that by the two together (2.7.5.3.1), so one count bounds all and finds every loop.
  for (unsigned count = 0;; ++count) {
    if (count == size_) {
      error_ = QueueError::kDescriptorLoop;
      return false;
    }
    if (index >= table.size() / kDescriptorSize) {
      error_ = QueueError::kDescriptorIndex;
      return false;
    }
    Descriptor descriptor;
    copy_from_shared(&descriptor, table.data() + index * kDescriptorSize, sizeof descriptor);
    spend_descriptor();

    if (descriptor.flags & kDescriptorIndirect) {
      error_ = check_indirect(descriptor, indirect);
      if (error_ != QueueError::kNone) return false;
      table = memory_.readable(Gpa{descriptor.address}, descriptor.length);
      if (table.empty()) {
        error_ = QueueError::kBufferOutsideRam;
        return false;
      }
      indirect = true;
      index = 0;
      --count;  // the descriptor that refers to the table is none of the chain's buffers
      continue;
    }

    error_ = add_buffer(descriptor, chain);
    if (error_ != QueueError::kNone) return false;
    if (!(descriptor.flags & kDescriptorNext)) return true;
    index = descriptor.next;
  }
}

QueueError Queue::check_indirect(const Descriptor& descriptor, bool already_indirect) const {
  if (!(features_ & kFeatureIndirectDesc)) return QueueError::kIndirectUnexpected;
  if (already_indirect) return QueueError::kIndirectNested;
  if (descriptor.flags & kDescriptorNext) return QueueError::kIndirectWithNext;
  if (descriptor.length == 0 || descriptor.length % kDescriptorSize != 0 ||
      descriptor.length / kDescriptorSize > size_) {
    return QueueError::kIndirectTableSize;
  }
  return QueueError::kNone;
}

QueueError Queue::add_buffer(const Descriptor& descriptor, Chain& chain) const {
  const bool writable = (descriptor.flags & kDescriptorWrite) != 0;
  if (!writable && !chain.writable_.empty()) return QueueError::kReadableAfterWritable;
  if (descriptor.length == 0) return QueueError::kNone;  // useless, but no rule forbids it
  const std::span<const std::byte> readable = memory_.readable(Gpa{descriptor.address}, descriptor.length);
  if (readable.empty()) return QueueError::kBufferOutsideRam;
  std::uint64_t& total = writable ? chain.writable_bytes_ : chain.readable_bytes_;
  total += readable.size();
  if (chain.readable_bytes_ + chain.writable_bytes_ > kMaxChainBytes) return QueueError::kChainTooLong;
  if (!writable) {
    chain.readable_.push_back(readable);
    return QueueError::kNone;
  }
  const std::span<std::byte> bytes = memory_.writable(Gpa{descriptor.address}, descriptor.length);
  if (bytes.empty()) return QueueError::kBufferReadOnly;
  chain.writable_.push_back(bytes);
  return QueueError::kNone;
}

bool Queue::push(const Chain& chain, std::uint32_t written) {
  if (!enabled()) return false;
  const std::size_t slot = next_used_ & (size_ - 1);
  const std::uint32_t element[2] = {chain.head_, written};  // struct virtq_used_elem: id, len
  static_assert(sizeof element == kUsedElementSize);
  copy_to_shared(used_.data() + kRingOffset + kUsedElementSize * slot, element, sizeof element);
  const std::uint16_t index = ++next_used_;
  store_field(used_, kIndexOffset, index, __ATOMIC_RELEASE);

  // The driver sets its wish and then looks at the index; we set the index and then look at its wish (2.7.7.2).
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (has_event_idx()) {
    const std::uint16_t used_event = load_field(available_, kRingOffset + 2 * std::size_t{size_});
    return used_event == static_cast<std::uint16_t>(index - 1);
  }
  return (load_field(available_, kFlagsOffset) & kAvailNoInterrupt) == 0;
}

void Queue::suppress_notifications(bool suppress) {
  if (!enabled() || suppress == suppressed_) return;
  suppressed_ = suppress;
  // With VIRTIO_F_EVENT_IDX the flag must stay 0 (2.7.10): an event index that is left behind suppresses as well, and
  // `pop` moves it on when it finds the ring empty.
  if (!has_event_idx()) {
    store_field(used_, kFlagsOffset, suppress ? kUsedNoNotify : 0, __ATOMIC_RELAXED);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace husk::virtio
