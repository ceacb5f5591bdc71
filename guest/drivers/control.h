// The control device (abi::ControlRegister): ends the VM, hands over the log, brings signals from the host, prepares RAM.
// On a machine that has none but ports (ports.h) the same functions go there.
#pragma once

#include <cstdint>

namespace kernel::drivers {

// The payload exited with `code`, or `signal` killed it (0: none did). Output that write(2) has reported as written is
// taken by the host first, as long as somebody reads it: that may wait, unless a signal killed the payload or another
// one comes from the host.
[[noreturn]] void end_machine(int code, int signal);

// The machine's log, and its end after a panic, which need no driver to be in order. The very first thing.
void register_log_sink();

struct WindowSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};
// Of the host's terminal; zeros if there is none. One exit.
WindowSize host_window_size();

// Who takes the signals that the host was sent (bit n: signal n).
using HostSignalHandler = void(std::uint32_t signals);
void set_host_signal_handler(HostSignalHandler& handler);

// Tells the kernel that the device saves and loads vector registers, if it does.
void offer_vector_device();

// Has the allocator ask the device for RAM that it will hand out.
void offer_prepared_ram();

// The host was sent signals.
void handle_control_interrupt();

// The kernel is in the middle of something long, with interrupts held back: takes signals that wait, so that the VMM sees
// that its guest is alive (it ends one that leaves a SIGTERM for most of a second), and leaves them for
// handle_control_interrupt, which comes as soon as the kernel is done. Other interrupts are noted. Cheap if there are none.
void notice_host_signals();

}  // namespace kernel::drivers
