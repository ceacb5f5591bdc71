// The virtio-mmio transport, driver's side (virtio 1.2, sections 3.1.1 and 4.2.3): brings a device up in some 14
// register accesses. Drivers do it at the first use of their device, since every access is an exit; or not at all,
// where the VMM has done it for them.
#pragma once

#include <cstdint>

#include "boot_parameters.h"
#include "drivers/virtqueue.h"
#include "lib/result.h"

namespace kernel::drivers {

// Device types (virtio 1.2, section 5).
inline constexpr std::uint32_t kVirtioConsole = 3;
inline constexpr std::uint32_t kVirtioEntropy = 4;
inline constexpr std::uint32_t kVirtioBalloon = 5;

class VirtioMmio {
 public:
  constexpr VirtioMmio() = default;

  // The order of section 3.1.1: negotiate, then select and enable every queue, then start. Accepts what of `features` the
  // device offers, and gives that. kNoDev if the device is not of version 1, refuses, or is not of the expected type; the
  // log says which device.
  Result<std::uint64_t> negotiate(const DeviceDescription& device, std::uint32_t type, std::uint64_t features);
  // Whether the device has a queue of this index.
  bool has_queue(std::uint32_t index);
  // The size that this queue gets, for a driver that can use `wanted` descriptors and needs `least`: the device says how
  // many it has room for. kNoDev if they are too few.
  Result<std::uint16_t> select_queue(std::uint32_t index, std::uint16_t wanted, std::uint16_t least);
  // The queue that was selected last is this one, initialised with its size.
  void enable_queue(const VirtQueue& queue);
  void start();

  // Instead of all that: a device whose queues the VMM has set up (DeviceDescription::has_queues).
  void adopt(const DeviceDescription& device) {
    base_ = device.registers.start;
    acknowledge_ = device.acknowledge;
  }

  // In an interrupt handler, before it looks at the queues. Nothing where interrupts are messages.
  void acknowledge_interrupt();

  // Tells the device of new requests in a queue ("available buffer notification").
  void notify(std::uint32_t index);

 private:
  std::uint64_t base_ = 0;
  std::uint32_t status_ = 0;
  bool acknowledge_ = false;
};

}  // namespace kernel::drivers
