// The consoles that connect the payload to whoever started husk, and the device nodes over them.
#pragma once

#include <cstdint>

#include "fs/char_device.h"

namespace kernel::fs {

// husk,role in the device tree (docs/device-tree.md): three streams, or one terminal.
enum class ConsoleRole : std::uint8_t { kStdin, kStdout, kStderr, kTerminal };

// Major 5: /dev/tty (minor 0) is the terminal; /dev/console (minor 1) the terminal, or standard input and output.
inline constexpr std::uint32_t kTerminalMajor = 5;
enum : std::uint32_t { kTtyMinor = 0, kConsoleMinor = 1 };
CharDevice* terminal_device(std::uint32_t minor);

}  // namespace kernel::fs

namespace kernel::drivers {

// The console of this role, or null if the VM has none. Implemented by the virtio-console driver, which starts a device
// on its first use.
fs::CharDevice* console_device(fs::ConsoleRole role);

}  // namespace kernel::drivers
