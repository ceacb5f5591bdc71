// The driver's side of a split virtqueue (virtio 1.2, section 2.7), with as many requests in flight as it has descriptors
// for. A request is a chain of descriptors and carries a token, its driver's name for it; the device may finish requests
// in any order, and each comes back with its token and the length that the device has written.
//
// Rings, this driver's notes on what the device has, and small buffers of the queue's driver share one page, so that a
// device costs its guest one page and one first touch. Nothing in it needs to be made before the first request but zeros.
//
// The device is the VMM's and therefore trusted with the guest's memory, but what it says is checked here, once, against
// the notes: a request comes back that is in flight, once, with no more bytes than it had room for. A device that breaks
// a rule is done with: nothing more comes back from its queue, and nothing is given to it. The memory of what it still
// has must not be used for anything else then, since it may still write there.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/husk_abi.h"
#include "lib/result.h"
#include "mm/address.h"

namespace kernel::drivers {

// A piece of a request. The memory is the kernel's own (in the direct map) and stays with the device until it is used.
struct QueueBuffer {
  std::byte* data = nullptr;
  std::uint32_t size = 0;
  bool device_writable = false;
};

class VirtQueue {
 public:
  // The most descriptors, so that everything fits into the page with room to spare.
  static constexpr std::uint16_t kMaxSize = 64;

  // The size of a queue for a driver that wants `wanted` descriptors of a device that has room for `offered`
  // (QueueNumMax): a power of two (2.7), 0 if the device has no such queue.
  static constexpr std::uint16_t negotiated_size(std::uint32_t offered, std::uint16_t wanted) {
    return static_cast<std::uint16_t>(std::bit_floor(std::min<std::uint32_t>(offered, std::min(wanted, kMaxSize))));
  }

  // Where the parts lie in the page, the descriptor table first. For kPreparedQueueSize it is the layout of queues that
  // the VMM has set up.
  struct Layout {
    std::size_t available;
    std::size_t used;
    std::size_t notes;
    std::size_t end;  // the rest of the page is for the queue's driver
  };
  static constexpr Layout layout(std::uint16_t size);

  // What a driver calls a request of its own: an index into what it keeps of each, say.
  using Token = std::uint32_t;

  constexpr VirtQueue() = default;

  // `page` is a page of zeros; `size` is a negotiated one.
  void initialise(std::byte* page, std::uint16_t size);
  std::byte* page() const { return page_; }
  std::uint16_t size() const { return size_; }
  bool broken() const { return broken_; }  // the device is done with
  // What of the page is the driver's.
  std::span<std::byte> room() const { return {page_ + end_, page_ + mm::kPageSize}; }

  // Offers a request, readable buffers before writable ones, at least one; the caller then notifies the device. kAgain
  // if there are not enough free descriptors, kInval if there never are, kIo if the device is done with.
  Result<void> submit(std::span<const QueueBuffer> buffers, Token token);

  struct Completion {
    Token token;
    std::uint32_t written;  // into the writable buffers, at most their size
  };
  // Takes back one request that the device has finished. kAgain if there is none, kIo if the device is done with.
  Result<Completion> take();

  // Off at first. After switching them on, look for finished requests once more before sleeping (2.7.7.1: the flag is a
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
  // What the driver knows of a descriptor, as the device's table is for the device. A request's is with the first one of
  // its chain; `next` leads through the chain, or the free list.
  struct Note {
    Token token;
    std::uint32_t writable;  // bytes
    std::uint16_t next;
    bool in_flight;
  };
  static constexpr std::uint16_t kNone = 0xffff;

  Descriptor* descriptors() const { return reinterpret_cast<Descriptor*>(page_); }

  std::uint16_t take_descriptor();
  void give_back_chain(std::uint16_t head);

  std::byte* page_ = nullptr;
  volatile std::uint16_t* available_ = nullptr;
  volatile std::uint16_t* used_ = nullptr;
  Note* notes_ = nullptr;
  std::uint16_t size_ = 0;
  std::uint16_t end_ = 0;  // of all that, in the page
  std::uint16_t free_count_ = 0;
  std::uint16_t free_head_ = kNone;  // of those that have been in use
  std::uint16_t unused_ = 0;         // this descriptor and all behind it have never been in use
  std::uint16_t available_index_ = 0;
  std::uint16_t used_index_ = 0;
  bool broken_ = false;
};

constexpr VirtQueue::Layout VirtQueue::layout(std::uint16_t size) {
  // Each part begins a cache line: one that the device writes is not one that the driver writes. (2.7 asks for alignments
  // of 16, 2 and 4.)
  constexpr auto next_line = [](std::size_t offset) { return (offset + 63) & ~std::size_t{63}; };
  // Both rings: flags, index, the entries, and an event index that is not negotiated.
  constexpr std::size_t kRingHeader = 6;
  Layout layout{};
  layout.available = next_line(sizeof(Descriptor) * size);
  layout.used = next_line(layout.available + kRingHeader + sizeof(std::uint16_t) * size);
  layout.notes = next_line(layout.used + kRingHeader + sizeof(UsedElement) * size);
  layout.end = next_line(layout.notes + sizeof(Note) * size);
  return layout;
}

}  // namespace kernel::drivers
