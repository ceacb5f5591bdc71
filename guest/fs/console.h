// The consoles that connect the payload to whoever started husk, and the device nodes over them.
#pragma once

#include <cstdint>

#include "boot_parameters.h"
#include "fs/char_device.h"

namespace kernel::fs {

// husk,role in the device tree (docs/device-tree.md): three streams, or one terminal.
using ConsoleRole = DeviceRole;

// Major 5: /dev/tty (minor 0) is the terminal; /dev/console (minor 1) the terminal, or standard input and output.
inline constexpr std::uint32_t kTerminalMajor = 5;
enum : std::uint32_t { kTtyMinor = 0, kConsoleMinor = 1 };
CharDevice* terminal_device(std::uint32_t minor);

}  // namespace kernel::fs
