#include "drivers/control.h"

#include "abi/husk_abi.h"
#include "drivers/console.h"
#include "drivers/mmio.h"
#include "drivers/tty.h"
#include "guest_stats.h"
#include "task/signal.h"

namespace kernel::drivers {
namespace {

using husk::abi::ControlRegister;

constinit bool g_ending = false;

std::uint64_t address(ControlRegister which) {
  return husk::abi::kControlGpa + static_cast<std::uint32_t>(which);
}

}  // namespace

void end_machine(int code, int signal) {
  g_ending = true;
  if (signal == 0) wait_for_console_output();
  publish_guest_stats();
  write_register(address(ControlRegister::kExit),
                 static_cast<std::uint32_t>(code & 0xff) | static_cast<std::uint32_t>(signal & 0xff) << 8);
  // The VMM ends the VM at that store and never runs the vCPU again.
  for (;;) __builtin_ia32_pause();
}

void flush_log() {
  write_register(address(ControlRegister::kFlushLog), 1);
}

WindowSize host_window_size() {
  const std::uint32_t size = read_register(address(ControlRegister::kWindowSize));
  return {static_cast<std::uint16_t>(size >> 16), static_cast<std::uint16_t>(size)};
}

void handle_control_interrupt() {
  std::uint32_t signals = read_register(address(ControlRegister::kSignals));
  if (g_ending) {
    if (signals != 0) abandon_console_output();
    return;
  }
  constexpr std::uint32_t kWindowChanged = std::uint32_t{1} << task::kSigWinch;
  if ((signals & kWindowChanged) && window_size_changed()) signals &= ~kWindowChanged;
  if (signals != 0) task::signal_payload_from_host(signals);
}

}  // namespace kernel::drivers
