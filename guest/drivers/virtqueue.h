// The driver's side of a split virtqueue (virtio 1.2, section 2.7). Rings and small buffers of a queue share one page,
// so that a device costs its guest one page and one first touch.
//
// The device is the VMM's and therefore trusted with the guest's memory, but nothing that it writes is used as an index
// before it was compared with a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/husk_abi.h"
#include "lib/result.h"

namespace kernel::drivers {

// A piece of a request. The memory is the kernel's own (in the direct map) and stays with the device until it is used.
struct QueueBuffer {
  std::byte* data = nullptr;
  std::uint32_t size = 0;
  bool device_writable = false;
};

class VirtQueue {
 public:
  static constexpr std::uint16_t kSize = husk::abi::kPreparedQueueSize;
  // Where the parts lie in the page. It is the layout of queues that the VMM has set up, and good for our own as well.
  static constexpr std::size_t kDescriptorOffset = husk::abi::kPreparedDescriptors;
  static constexpr std::size_t kAvailableOffset = husk::abi::kPreparedAvailable;
  static constexpr std::size_t kUsedOffset = husk::abi::kPreparedUsed;
  static constexpr std::size_t kEnd = husk::abi::kPreparedEnd;
  static_assert(kDescriptorOffset + 16 * kSize <= kAvailableOffset && kAvailableOffset + 6 + 2 * kSize <= kUsedOffset &&
                kUsedOffset + 6 + 8 * kSize <= kEnd);

  constexpr VirtQueue() = default;

  // `page` is a zeroed page. Everything after the first kEnd bytes of it is the caller's.
  void initialise(std::byte* page);
  std::byte* page() const { return page_; }

  // Offers a request, readable buffers before writable ones; the caller then notifies the device. kAgain if there are
  // not enough free descriptors.
  Result<void> submit(std::span<const QueueBuffer> buffers);

  struct Used {
    std::uint16_t head;     // as of submit's requests: the first descriptor
    std::uint32_t written;  // bytes that the device wrote into the writable buffers
  };
  // Takes back one request that the device has finished with. False if there is none.
  bool take_used(Used& used);
  bool has_used() const;

  // Off at first. After switching them on, look for used requests once more before sleeping (2.7.7.1: the flag is a
  // hint that the device may have read too early).
  void enable_interrupts(bool on);
  // Whether the device wants to hear of new requests (2.7.10).
  bool wants_notification() const;

 private:
  struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
  };
  struct UsedElement {
    std::uint32_t id;
    std::uint32_t length;
  };

  Descriptor* descriptors() const { return reinterpret_cast<Descriptor*>(page_ + kDescriptorOffset); }
  volatile std::uint16_t* available() const {
    return reinterpret_cast<volatile std::uint16_t*>(page_ + kAvailableOffset);
  }
  volatile std::uint16_t* used() const { return reinterpret_cast<volatile std::uint16_t*>(page_ + kUsedOffset); }

  std::byte* page_ = nullptr;
  std::uint16_t free_head_ = 0;
  std::uint16_t free_count_ = 0;
  std::uint16_t available_index_ = 0;
  std::uint16_t used_index_ = 0;
};

}  // namespace kernel::drivers
