// virtio-balloon, driver's side (virtio 1.2, section 5.5), and of what such a device can only free page reporting (5.5.6.7): free memory
// that has lain idle goes back to the host. There is no balloon that the host could inflate.
//
// Not at once: what is free for a moment only would cost the host a page and a fault each time. And not much at once: while the
// host takes memory, the payload stands still.
#pragma once

#include "drivers/driver.h"

namespace kernel::drivers {

extern const Driver kBalloonDriver;

// There is memory that the host could have (mm/environment.h). Only arms a timer.
void give_memory_back_later();

}  // namespace kernel::drivers
