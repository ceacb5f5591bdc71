// virtio-rng, driver's side (virtio 1.2, section 5.4): fresh randomness from the host while the VM runs. The kernel's
// pool was seeded by the device tree, so this is for payloads that ask for a new seed (RNDRESEEDCRNG, random(4)) and
// for VMs that live long.
#pragma once

#include "drivers/driver.h"
#include "lib/result.h"

namespace kernel::drivers {

extern const Driver kEntropyDriver;

// Mixes 64 fresh bytes from the host into the pool; brings the device up when used for the first time. husk's VMM answers
// within the notification, others when they have something: it sleeps until then. kNoDev if the VM has no such device,
// kIo if the host gave nothing, kRestart.
Result<void> reseed_from_host();

}  // namespace kernel::drivers
