// The terminal that `husk run -t` gives the payload: /dev/console over one virtio console port. The host's terminal is in
// raw mode meanwhile, so all of a terminal's manners are made here.
#pragma once

#include "fs/file.h"
#include "lib/ref.h"
#include "tty/tty.h"

namespace kernel::tty {

// Major 5, minor 1.
inline constexpr std::uint32_t kConsoleMajor = 5;
inline constexpr std::uint32_t kConsoleMinor = 1;

// Null if the VM has no terminal.
Ref<Tty> console();

// The initial descriptors: the terminal, by its name /dev/console. kNoDev if the VM has none.
Result<Ref<fs::File>> open_console(std::uint32_t flags);

// The host's window changed: SIGWINCH to the foreground process group. False if there is no terminal in use.
bool console_window_changed();

}  // namespace kernel::tty
