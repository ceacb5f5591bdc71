#include "drivers/control.h"

#include "abi/husk_abi.h"
#include "arch/x86_64/privileged.h"
#include "guest_stats.h"
#include "mm/address.h"

namespace kernel::drivers {
namespace {

using husk::abi::ControlRegister;

volatile std::uint32_t& register_at(ControlRegister which) {
  return *mm::physical_pointer<volatile std::uint32_t>(husk::abi::kControlGpa + static_cast<std::uint32_t>(which));
}

}  // namespace

void end_machine(int exit_code, int signal) {
  publish_guest_stats();
  register_at(ControlRegister::kExit) = static_cast<std::uint32_t>((exit_code & 0xff) | (signal & 0xff) << 8);
  for (;;) arch::wait_for_interrupt();  // the VMM does not run the vCPU again
}

std::uint32_t take_host_signals() { return register_at(ControlRegister::kSignals); }

void flush_log() { register_at(ControlRegister::kFlushLog) = 1; }

std::uint32_t window_size() { return register_at(ControlRegister::kWindowSize); }

}  // namespace kernel::drivers
