// Brings a device up on behalf of a guest that has not run yet, through the registers that the guest would use: what
// firmware does for a boot loader. It saves the guest some 15 exits a device (abi/husk_abi.h, "prepared virtqueues").
//
// Threading: before the guest runs.
#pragma once

#include <cstdint>
#include <span>

#include "common/address.h"
#include "devices/virtio/mmio.h"

namespace husk::virtio {

// A queue that lies in a page of guest RAM, laid out as the ABI says.
struct PreparedQueue {
  std::uint32_t index = 0;
  Gpa page;
};

// Up to DRIVER_OK with `features` (VIRTIO_F_VERSION_1 is added). False if the device did not take it: features that it
// does not offer, or pages outside RAM. It is then as after a reset.
[[nodiscard]] bool prepare_device(MmioTransport& transport, std::uint64_t features,
                                  std::span<const PreparedQueue> queues);

}  // namespace husk::virtio
