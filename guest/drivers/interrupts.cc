#include "drivers/interrupts.h"

#include "abi/husk_abi.h"
#include "drivers/control.h"
#include "task/signal.h"

namespace kernel::drivers {

void handle_interrupt(std::uint8_t vector) {
  if (vector == husk::abi::kControlVector) task::signal_payload_from_host(take_host_signals());
}

}  // namespace kernel::drivers
