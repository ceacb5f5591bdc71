#include "drivers/console.h"

#include "drivers/virtio_mmio.h"

namespace kernel::drivers {
namespace {

constexpr std::uint32_t kReceiveQueue = 0;
constexpr std::uint32_t kTransmitQueue = 1;

using enum ConsolePort::Directions;
constinit ConsolePort g_stdin(DeviceRole::kStdin, kInput);
constinit ConsolePort g_stdout(DeviceRole::kStdout, kOutput);
constinit ConsolePort g_stderr(DeviceRole::kStderr, kOutput);
constinit char g_echo_room[256] = {};
constinit ConsolePort g_terminal(DeviceRole::kTerminal, kBoth, g_echo_room);
constexpr ConsolePort* kPorts[] = {&g_stdin, &g_stdout, &g_stderr, &g_terminal};
constexpr Device* kDevices[] = {&g_stdin, &g_stdout, &g_stderr, &g_terminal};

}  // namespace

// A request is bytes and the device's answer to them: two descriptors. The size is what the VMM prepares, so that the
// rest of the page is for bytes there and here.
constinit const Driver kConsoleDriver = {
    .name = "console",
    .type = kVirtioConsole,
    .features = husk::abi::kConsoleFeatureStream,
    .queue_size = husk::abi::kPreparedQueueSize,
    .least_queue_size = 2,
    .devices = kDevices,
};

ConsolePort* console_port(DeviceRole role) {
  for (ConsolePort* port : kPorts) {
    if (port->role() == role) return port->present() ? port : nullptr;
  }
  return nullptr;
}

VirtQueue* ConsolePort::queue(std::uint32_t index, std::uint64_t) {
  if (index == kReceiveQueue && has_input()) return &input.queue();
  if (index == kTransmitQueue && has_output()) return &output.queue();
  return nullptr;
}

void ConsolePort::attach(std::uint64_t features) {
  const bool streams = features & husk::abi::kConsoleFeatureStream;
  if (has_input()) input.attach(transport(), kReceiveQueue, streams);
  if (has_output()) output.attach(transport(), kTransmitQueue, streams);
}

void ConsolePort::answered() {
  if (has_output()) output.handle_interrupt();
  if (listener_) {
    listener_->console_changed();
  } else if (has_input()) {
    input.handle_interrupt();
  }
}

void ConsolePort::finish() {
  if (has_output()) output.drain(given_up_);
}

void ConsolePort::give_up() {
  given_up_ = true;
  changed.wake_all();
}

}  // namespace kernel::drivers
