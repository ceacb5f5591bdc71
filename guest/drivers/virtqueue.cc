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

void compiler_barrier() {
  asm volatile("" ::: "memory");
}

}  // namespace

void VirtQueue::initialise(std::byte* page) {
  page_ = page;
  for (std::uint16_t i = 0; i < kSize; ++i) descriptors()[i].next = static_cast<std::uint16_t>(i + 1);
  free_head_ = 0;
  free_count_ = kSize;
  available_index_ = used_index_ = 0;
  enable_interrupts(false);
}

Result<void> VirtQueue::submit(std::span<const QueueBuffer> buffers) {
  if (buffers.empty() || buffers.size() > free_count_) return Errno::kAgain;
  const std::uint16_t head = free_head_;
  std::uint16_t index = head;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    Descriptor& descriptor = descriptors()[index];
    const bool last = i + 1 == buffers.size();
    descriptor.address = mm::physical_of(buffers[i].data);
    descriptor.length = buffers[i].size;
    descriptor.flags =
        static_cast<std::uint16_t>((last ? 0 : kDescriptorNext) | (buffers[i].device_writable ? kDescriptorWrite : 0));
    index = descriptor.next;
  }
  free_head_ = index;
  free_count_ = static_cast<std::uint16_t>(free_count_ - buffers.size());

  available()[kRing + available_index_ % kSize] = head;
  // The device may look as soon as it sees the index: descriptors and entry come first. x86 keeps stores in order.
  compiler_barrier();
  available()[kIndex] = ++available_index_;
  return {};
}

bool VirtQueue::has_used() const {
  return page_ && used()[kIndex] != used_index_;
}

bool VirtQueue::take_used(Used& result) {
  if (!has_used()) return false;
  compiler_barrier();  // the entry is read after the index; x86 keeps loads in order
  const auto* ring = reinterpret_cast<const volatile UsedElement*>(used() + kRing);
  const std::uint32_t id = ring[used_index_ % kSize].id;
  result.written = ring[used_index_ % kSize].length;
  ++used_index_;
  if (id >= kSize) {
    log(LogLevel::kError, "virtqueue: the device returned descriptor {}, which does not exist", id);
    return false;
  }
  result.head = static_cast<std::uint16_t>(id);

  std::uint16_t last = result.head;
  std::uint16_t count = 1;
  while ((descriptors()[last].flags & kDescriptorNext) && count < kSize) {
    last = descriptors()[last].next;
    ++count;
  }
  descriptors()[last].next = free_head_;
  free_head_ = result.head;
  free_count_ = static_cast<std::uint16_t>(free_count_ + count);
  return true;
}

void VirtQueue::enable_interrupts(bool on) {
  available()[kFlags] = on ? 0 : kAvailableNoInterrupt;
  if (on) full_memory_barrier();
}

bool VirtQueue::wants_notification() const {
  full_memory_barrier();  // our index before the device's flag
  return (used()[kFlags] & kUsedNoNotify) == 0;
}

}  // namespace kernel::drivers
