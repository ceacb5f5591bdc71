#include "drivers/console.h"

#include "drivers/tty.h"
#include "lib/log.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

constexpr std::uint32_t kReceiveQueue = 0;
constexpr std::uint32_t kTransmitQueue = 1;

// A standard stream without a terminal's manners: bytes in one direction.
class StreamConsole final : public fs::CharDevice, public InterruptHandler {
 public:
  constexpr StreamConsole(DeviceRole role)  // NOLINT(google-explicit-constructor)
      : role_(role), port_(role == DeviceRole::kStdin, role != DeviceRole::kStdin) {}

  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t flags) override {
    if (!is_input()) return Errno::kBadF;
    TRY(port_.start(role_, *this));
    return port_.input.read(buffer, flags & fs::kNonBlock);
  }

  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t flags) override {
    if (is_input()) return Errno::kBadF;
    TRY(port_.start(role_, *this));
    return port_.output.write(buffer, {.non_blocking = (flags & fs::kNonBlock) != 0});
  }

  fs::Readiness readiness() override {
    if (!port_.start(role_, *this)) return {fs::kPollErr, nullptr};
    if (is_input()) return {port_.input.ready_or_request() ? fs::kPollReadable : 0, &port_.changed};
    return {port_.output.idle_or_announce() ? fs::kPollWritable : 0, &port_.changed};
  }

  void handle_interrupt() override {
    port_.acknowledge_interrupt();
    if (is_input()) {
      port_.input.handle_interrupt();
    } else {
      port_.output.handle_interrupt();
    }
  }

  void drain(const bool& give_up) {
    if (port_.started()) port_.output.drain(give_up);
  }
  void wake_waiters() { port_.changed.wake_all(); }

 private:
  bool is_input() const { return role_ == DeviceRole::kStdin; }

  const DeviceRole role_;
  ConsolePort port_;
};

Result<std::byte*> queue_page(const DeviceDescription& device, std::uint32_t index) {
  if (!device.has_queues) return mm::frame_data(TRY(mm::allocate_frame(mm::Fill::kZero)));
  if (device.queues[index] == 0) {
    log(LogLevel::kError, "console at {x}: the VMM has not set up queue {}", device.registers.start, index);
    return Errno::kNoDev;
  }
  return mm::physical_pointer<std::byte>(device.queues[index]);
}

constinit StreamConsole g_stdin(DeviceRole::kStdin);
constinit StreamConsole g_stdout(DeviceRole::kStdout);
constinit StreamConsole g_stderr(DeviceRole::kStderr);
constinit bool g_output_abandoned = false;

}  // namespace

fs::CharDevice* console_device(DeviceRole role) {
  if (!boot_parameters().find_device(role)) return nullptr;
  switch (role) {
    case DeviceRole::kStdin:
      return &g_stdin;
    case DeviceRole::kStdout:
      return &g_stdout;
    case DeviceRole::kStderr:
      return &g_stderr;
    case DeviceRole::kTerminal:
      return &terminal();
    case DeviceRole::kRng:
    case DeviceRole::kUnknown:
      break;
  }
  return nullptr;
}

void wait_for_console_output() {
  g_stdout.drain(g_output_abandoned);
  g_stderr.drain(g_output_abandoned);
  drain_terminal(g_output_abandoned);
}

void abandon_console_output() {
  g_output_abandoned = true;
  g_stdout.wake_waiters();
  g_stderr.wake_waiters();
  wake_terminal_waiters();
}

Result<void> ConsolePort::start(DeviceRole role, InterruptHandler& handler) {
  if (started_) return {};
  const DeviceDescription* device = boot_parameters().find_device(role);
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
