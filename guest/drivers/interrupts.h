// Which driver a device's interrupt belongs to. The vectors are those of the device tree.
#pragma once

#include <cstdint>

namespace kernel::drivers {

// Any vector but the LAPIC timer's. Called by the scheduler, never while other kernel code runs.
void handle_interrupt(std::uint8_t vector);

}  // namespace kernel::drivers
