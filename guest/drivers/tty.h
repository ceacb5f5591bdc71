// The terminal that `husk run -t` gives the payload: /dev/console and /dev/tty over one virtio console port, with a
// line discipline, a window size and job control (termios(3), ioctl_tty(2), credentials(7)). The host's terminal is in
// raw mode meanwhile, so all of a terminal's manners are made here.
#pragma once

#include <cstdint>

#include "fs/char_device.h"

namespace kernel::task {
class Process;
}

namespace kernel::drivers {

// The one terminal. Only if the VM has it: console_device(DeviceRole::kTerminal).
fs::CharDevice& terminal();

// The terminal again, if it is the controlling terminal of the current task's session (/dev/tty); else null.
fs::CharDevice* controlling_terminal();

// What /proc/PID/stat says of a process's controlling terminal: the foreground process group, or -1 without a terminal.
int foreground_group_of(const task::Process& process);

// The host's window changed: SIGWINCH to the foreground process group. False if there is no terminal in use.
bool window_size_changed();

// See wait_for_console_output().
void drain_terminal(const bool& give_up);
void wake_terminal_waiters();

}  // namespace kernel::drivers
