// What a virtio device is, apart from its transport: an identity, features, a configuration space, and a reaction to
// queues. A device owns no registers; a transport owns no policy.
//
// Threading: the transport calls every function of Device with its lock (Transport::mutex) held. A device that works on
// the I/O thread takes that lock there before it touches its state or its queues. Errors: a device reports a guest that
// broke the rules with Queue::fail, and the transport does the rest; nothing throws.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "devices/fair_mutex.h"
#include "devices/virtio/queue.h"

namespace husk::virtio {

// What an active device may do with its transport, all with `mutex` held.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual FairMutex& mutex() = 0;
  virtual Queue& queue(std::size_t index) = 0;
  virtual void interrupt_used() = 0;    // "used buffer notification"
  virtual void interrupt_config() = 0;  // "configuration change notification"; a new config generation
  // Gives the device a turn at a queue: Device::process_queue, with a new budget (queue.h). What is left at its end
  // gets another turn from the event loop.
  virtual void work(std::size_t index) = 0;
  // To be called by a device after it worked on a queue outside process_queue: turns a queue's error into
  // DEVICE_NEEDS_RESET.
  virtual void check_queues() = 0;
};

// For Device::read_config() of a configuration space of these bytes.
inline void copy_config(std::span<const std::byte> config, std::uint64_t offset, std::span<std::byte> out) {
  std::ranges::fill(out, std::byte{0});
  if (offset >= config.size()) return;
  const std::span<const std::byte> from = config.subspan(offset);
  std::ranges::copy(from.first(std::min(out.size(), from.size())), out.begin());
}

class Device {
 public:
  virtual ~Device() = default;

  virtual std::uint32_t id() const = 0;
  virtual std::string_view name() const = 0;   // for messages
  virtual std::uint64_t features() const = 0;  // device-specific ones; the transport adds what the queues can do
  virtual std::span<const std::uint16_t> queue_sizes() const = 0;  // the maximum size of each queue

  // The configuration space, as read from `offset` on. Bytes beyond its end read as 0.
  virtual void read_config(std::uint64_t offset, std::span<std::byte> out) const = 0;
  virtual void write_config(std::uint64_t offset, std::span<const std::byte> in) = 0;

  // The driver has set DRIVER_OK. `transport` outlives the device's active time, which ends with `reset`.
  virtual void activate(Transport& transport, std::uint64_t features) = 0;
  // Works on what is in the queue until it is empty, or the turn's budget is spent, or the device has to wait for
  // something else than the queue.
  virtual void process_queue(std::size_t index) = 0;
  virtual void reset() = 0;
};

}  // namespace husk::virtio
