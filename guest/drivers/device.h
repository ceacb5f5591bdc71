// A device that some driver serves: what all of them have in common. A driver makes a class of this, with an object for
// each device that it may find, and names the objects in its Driver (driver.h).
//
// A device is taken into use at its first request, and nothing of it is made before: a payload that never reads its
// standard input never pays for it.
#pragma once

#include <cstdint>

#include "boot_parameters.h"
#include "drivers/interrupts.h"
#include "drivers/virtio_mmio.h"
#include "drivers/virtqueue.h"
#include "lib/result.h"

namespace kernel::drivers {

struct Driver;

class Device : private InterruptHandler {
 public:
  DeviceRole role() const { return role_; }
  // Whether the VM has it.
  bool present() const { return started_ || boot_parameters().find_device(role_); }
  bool started() const { return started_; }

  // Brings it up unless it is. kNoDev, kNoMem.
  Result<void> start() { return started_ ? Result<void>() : bring_up(); }

  // The VM is about to end, and the device in use: waits until the host has all that the payload was told it has, or
  // until give_up().
  virtual void finish() {}
  virtual void give_up() {}

 protected:
  constexpr Device(const Driver& driver, DeviceRole role) : driver_(driver), role_(role) {}
  ~Device() = default;

  VirtioMmio& transport() { return transport_; }

 private:
  // The queue of this index of a device that has accepted these features, or null if the driver has no use for it.
  virtual VirtQueue* queue(std::uint32_t index, std::uint64_t features) = 0;
  // Its queues are there, and the device will take requests when this is done: it has accepted these features.
  virtual void attach(std::uint64_t features) = 0;
  // Requests may have been finished. Must not block.
  virtual void answered() = 0;

  void handle_interrupt() final;
  Result<void> bring_up();
  Result<std::uint64_t> negotiate(const DeviceDescription& description);
  Result<std::uint64_t> adopt(const DeviceDescription& description);

  const Driver& driver_;
  const DeviceRole role_;
  bool started_ = false;
  VirtioMmio transport_;
};

}  // namespace kernel::drivers
