// The streams that connect the payload to whoever started husk, as files.
#pragma once

#include <cstdint>

#include "boot_parameters.h"
#include "fs/file.h"
#include "lib/ref.h"

namespace kernel::fs {

// husk,role in the device tree (docs/device-tree.md): three streams, or one terminal (tty/console_tty.h).
using ConsoleRole = DeviceRole;

// The initial descriptors: a file over the console of this role. kNoDev if the VM has none. They show as nameless FIFOs,
// since they are byte streams and no terminals, like the pipes of a container without one.
Result<Ref<File>> open_console(ConsoleRole role, std::uint32_t flags);

// /dev/console where there is no terminal: reads standard input, writes standard output.
Result<Ref<File>> open_stream_console(const Path& path, std::uint32_t flags);

}  // namespace kernel::fs
