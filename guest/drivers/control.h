// The control device (abi::ControlRegister): the end of the VM, signals from the host, the log, the terminal's size. Every
// access is an exit to the VMM.
#pragma once

#include <cstdint>

namespace kernel::drivers {

// The VM ends with the payload's exit code, or with the signal that killed it (0: none).
[[noreturn]] void end_machine(int exit_code, int signal);

// Signals that the host sent to husk since the last call: bit n = signal n.
std::uint32_t take_host_signals();

// Asks the VMM to print the log now rather than when the VM ends.
void flush_log();

// rows << 16 | columns; 0 without a terminal.
std::uint32_t window_size();

}  // namespace kernel::drivers
