// Device interrupts: which driver serves which vector. They are handled in the kernel's ordinary context, between
// system calls or while idle, never inside other kernel code (task::process_interrupts), so handlers need no locks and
// may wake tasks and send signals. They must not block.
#pragma once

#include <cstdint>

namespace kernel::drivers {

class InterruptHandler {
 public:
  virtual void handle_interrupt() = 0;

 protected:
  ~InterruptHandler() = default;
};

// `handler` must live for ever. Vectors from abi::kFirstDeviceVector on, one per device.
void set_interrupt_handler(std::uint8_t vector, InterruptHandler& handler);

// Any vector but the timer's. A vector without a handler is a device that its driver has not started: ignored.
void handle_interrupt(std::uint8_t vector);

}  // namespace kernel::drivers
