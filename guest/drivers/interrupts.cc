#include "drivers/interrupts.h"

#include <cstddef>

#include "abi/husk_abi.h"
#include "drivers/control.h"
#include "lib/log.h"

namespace kernel::drivers {
namespace {

using husk::abi::kControlVector;
using husk::abi::kFirstDeviceVector;
using husk::abi::kMaxMmioDevices;

constinit InterruptHandler* g_handlers[kMaxMmioDevices] = {};

}  // namespace

void set_interrupt_handler(std::uint8_t vector, InterruptHandler& handler) {
  const std::size_t index = static_cast<std::size_t>(vector) - kFirstDeviceVector;
  if (index >= kMaxMmioDevices) panic("interrupt vector {} is no device's", unsigned{vector});
  g_handlers[index] = &handler;
}

void handle_interrupt(std::uint8_t vector) {
  if (vector == kControlVector) return handle_control_interrupt();
  const std::size_t index = static_cast<std::size_t>(vector) - kFirstDeviceVector;
  if (index < kMaxMmioDevices && g_handlers[index]) g_handlers[index]->handle_interrupt();
}

}  // namespace kernel::drivers
