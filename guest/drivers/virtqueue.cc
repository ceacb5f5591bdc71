#include "drivers/virtqueue.h"

#include "drivers/mmio.h"
#include "lib/log.h"
#include "mm/address.h"

namespace kernel::drivers {
namespace {

// Descriptor flags (2.7.5); ring flags (2.7.6, 2.7.8).
constexpr std::uint16_t kDescriptorNext = 1;
constexpr std::uint16_t kDescriptorWrite = 2;
constexpr std::uint16_t kAvailableNoInterrupt = 1;
constexpr std::uint16_t kUsedNoNotify = 1;

// Both rings are le16 flags, le16 idx, then the entries.
constexpr std::size_t kFlags = 0;
constexpr std::size_t kIndex = 1;
constexpr std::size_t kRing = 2;

constexpr VirtQueue::Layout kPrepared = VirtQueue::layout(husk::abi::kPreparedQueueSize);
static_assert(husk::abi::kPreparedDescriptors == 0 && kPrepared.available == husk::abi::kPreparedAvailable &&
              kPrepared.used == husk::abi::kPreparedUsed && kPrepared.notes == husk::abi::kPreparedEnd);
static_assert(VirtQueue::layout(VirtQueue::kMaxSize).end <= mm::kPageSize - 1024);

void compiler_barrier() {
  asm volatile("" ::: "memory");
}

}  // namespace

void VirtQueue::initialise(std::byte* page, std::uint16_t size) {
  const Layout parts = layout(size);
  page_ = page;
  available_ = reinterpret_cast<volatile std::uint16_t*>(page + parts.available);
  used_ = reinterpret_cast<volatile std::uint16_t*>(page + parts.used);
  notes_ = reinterpret_cast<Note*>(page + parts.notes);
  end_ = static_cast<std::uint16_t>(parts.end);
  size_ = free_count_ = size;
  free_head_ = kNone;
  unused_ = available_index_ = used_index_ = 0;
  broken_ = false;
  enable_interrupts(false);
}

// The free list holds only what was in use before: the others need no list, and no start has to write one.
std::uint16_t VirtQueue::take_descriptor() {
  --free_count_;
  if (free_head_ == kNone) return unused_++;
  const std::uint16_t index = free_head_;
  free_head_ = notes_[index].next;
  return index;
}

void VirtQueue::give_back_chain(std::uint16_t head) {
  std::uint16_t last = head;
  ++free_count_;
  for (; notes_[last].next != kNone; last = notes_[last].next) ++free_count_;
  notes_[last].next = free_head_;
  free_head_ = head;
}

Result<void> VirtQueue::submit(std::span<const QueueBuffer> buffers, Token token) {
  if (broken_) return Errno::kIo;
  if (buffers.empty() || buffers.size() > size_) return Errno::kInval;
  if (buffers.size() > free_count_) return Errno::kAgain;
  const std::uint16_t head = take_descriptor();
  std::uint16_t index = head;
  std::uint32_t writable = 0;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const QueueBuffer& buffer = buffers[i];
    const bool last = i + 1 == buffers.size();
    const std::uint16_t next = last ? kNone : take_descriptor();
    const unsigned flags = (last ? 0 : kDescriptorNext) | (buffer.device_writable ? kDescriptorWrite : 0);
    descriptors()[index] = {mm::physical_of(buffer.data), buffer.size, static_cast<std::uint16_t>(flags),
                            last ? std::uint16_t{0} : next};
    notes_[index].next = next;
    if (buffer.device_writable) writable += buffer.size;
    index = next;
  }
  Note& note = notes_[head];
  note.token = token;
  note.writable = writable;
  note.in_flight = true;

  available_[kRing + available_index_ % size_] = head;
  // The device may look as soon as it sees the index: descriptors and entry come first. x86 keeps stores in order.
  compiler_barrier();
  available_[kIndex] = ++available_index_;
  return {};
}

Result<VirtQueue::Completion> VirtQueue::take() {
  if (broken_) return Errno::kIo;
  if (!page_ || used_[kIndex] == used_index_) return Errno::kAgain;
  compiler_barrier();  // the entry is read after the index; x86 keeps loads in order
  const auto* ring = reinterpret_cast<const volatile UsedElement*>(used_ + kRing);
  const std::uint32_t id = ring[used_index_ % size_].id;
  const std::uint32_t written = ring[used_index_ % size_].length;
  ++used_index_;
  if (id >= size_ || !notes_[id].in_flight) {
    log(LogLevel::kError, "virtqueue: the device gave back request {}, which it did not have", id);
    broken_ = true;
    return Errno::kIo;
  }
  Note& note = notes_[id];
  // Where the device can write nothing, there are devices that say how much they have read.
  if (written > note.writable && note.writable != 0) {
    log(LogLevel::kError, "virtqueue: the device says that it wrote {} bytes where there is room for {}", written,
        note.writable);
    broken_ = true;
    return Errno::kIo;
  }
  note.in_flight = false;
  const Completion completion{note.token, std::min(written, note.writable)};
  give_back_chain(static_cast<std::uint16_t>(id));
  return completion;
}

void VirtQueue::enable_interrupts(bool on) {
  available_[kFlags] = on ? 0 : kAvailableNoInterrupt;
  if (on) full_memory_barrier();
}

bool VirtQueue::wants_notification() const {
  full_memory_barrier();  // our index before the device's flag
  return (used_[kFlags] & kUsedNoNotify) == 0;
}

}  // namespace kernel::drivers
