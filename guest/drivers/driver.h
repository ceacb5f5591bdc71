// The kernel's drivers, as a table (driver.cc): each says which devices it is for and what bringing one up takes, and the
// rest of the kernel finds them there. Bringing up is the same code for all (device.h).
//
// A new driver is a Driver with a Device for each role that it serves, a row in the table, and a role in the device tree
// (boot_parameters.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/device.h"

namespace kernel::drivers {

struct Driver {
  std::string_view name;             // in the log
  std::uint32_t type;                // of device: virtio 1.2, section 5
  std::uint64_t features;            // what it can use of what such a device offers
  std::uint16_t queue_size;          // how many descriptors of a queue it can use: at most VirtQueue::kMaxSize
  std::uint16_t least_queue_size;    // how many it needs
  std::span<Device* const> devices;  // one for each role that it is for
};

// Before the VM ends: waits until the host has taken all that the devices in use have for it, or until
// give_up_devices().
void finish_devices();
void give_up_devices();

}  // namespace kernel::drivers
