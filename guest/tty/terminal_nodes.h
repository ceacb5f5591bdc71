// The device nodes of terminals (Linux, Documentation/admin-guide/devices.txt).
#pragma once

#include <cstdint>

#include "fs/char_device.h"
#include "fs/file.h"
#include "lib/ref.h"

namespace kernel::tty {

// Major 5: /dev/tty is the terminal of whoever opens it; /dev/console the VM's, or standard input and output; /dev/ptmx
// makes a new one.
inline constexpr std::uint32_t kTerminalMajor = 5;
enum : std::uint32_t { kTtyMinor = 0, kConsoleNodeMinor = 1, kPtmxMinor = 2 };

Result<Ref<fs::File>> open_terminal_node(std::uint32_t minor, const fs::Path& path, std::uint32_t flags);
inline constexpr fs::DeviceNode kTerminalNodes[] = {{"tty", kTtyMinor}, {"console", kConsoleNodeMinor, 0600}};

// The slaves of pseudo-terminals (tty/pty.h), which are found by their names in devpts only: kIo.
Result<Ref<fs::File>> open_slave_node(std::uint32_t minor, const fs::Path& path, std::uint32_t flags);

}  // namespace kernel::tty
