#include "drivers/console.h"

#include "lib/log.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

constexpr std::uint32_t kReceiveQueue = 0;
constexpr std::uint32_t kTransmitQueue = 1;

Result<std::byte*> queue_page(const DeviceDescription& device, std::uint32_t index) {
  if (!device.has_queues) return mm::frame_data(TRY(mm::allocate_frame(mm::Fill::kZero)));
  if (device.queues[index] == 0) {
    log(LogLevel::kError, "console at {x}: the VMM has not set up queue {}", device.registers.start, index);
    return Errno::kNoDev;
  }
  return mm::physical_pointer<std::byte>(device.queues[index]);
}

constinit ConsolePort g_stdin(DeviceRole::kStdin);
constinit ConsolePort g_stdout(DeviceRole::kStdout);
constinit ConsolePort g_stderr(DeviceRole::kStderr);
constinit ConsolePort g_terminal(DeviceRole::kTerminal);
constexpr ConsolePort* kPorts[] = {&g_stdin, &g_stdout, &g_stderr, &g_terminal};
constinit bool g_output_abandoned = false;

}  // namespace

ConsolePort* console_port(DeviceRole role) {
  for (ConsolePort* port : kPorts) {
    if (port->role() == role) return port->started() || boot_parameters().find_device(role) ? port : nullptr;
  }
  return nullptr;
}

void wait_for_console_output() {
  for (ConsolePort* port : kPorts) {
    if (port->started()) port->output.drain(g_output_abandoned);
  }
}

void abandon_console_output() {
  g_output_abandoned = true;
  for (ConsolePort* port : kPorts) port->changed.wake_all();
}

Result<void> ConsolePort::start(InterruptHandler& handler) {
  if (started_) return {};
  const DeviceDescription* device = boot_parameters().find_device(role_);
  if (!device) return Errno::kNoDev;
  // The pages of a failed start are kept for the next try: a queue that the device knows must not be freed.
  if (has_input_ && !input.queue().page()) {
    input.initialise(TRY(queue_page(*device, kReceiveQueue)), transport_, kReceiveQueue);
  }
  if (has_output_ && !output.queue().page()) {
    output.initialise(TRY(queue_page(*device, kTransmitQueue)), transport_, kTransmitQueue);
  }
  if (device->has_queues) {
    transport_.adopt(*device);
  } else {
    TRY(negotiate(*device));
  }
  set_interrupt_handler(device->vector, handler);
  started_ = true;
  return {};
}

Result<void> ConsolePort::negotiate(const DeviceDescription& device) {
  const std::uint64_t features = TRY(transport_.negotiate(device, kVirtioConsole, husk::abi::kConsoleFeatureStream));
  if (!(features & husk::abi::kConsoleFeatureStream)) {
    input.expect_no_status();
    output.expect_no_status();
  }
  if (has_input_) TRY(transport_.add_queue(kReceiveQueue, input.queue()));
  if (has_output_) TRY(transport_.add_queue(kTransmitQueue, output.queue()));
  transport_.start();
  return {};
}

}  // namespace kernel::drivers
