#include "fs/char_device.h"

#include "fs/device_file.h"
#include "fs/memory_devices.h"
#include "tty/pty.h"
#include "tty/terminal_nodes.h"

namespace kernel::fs {

Result<Ref<File>> open_char_device(std::uint64_t device, const Path& path, std::uint32_t flags) {
  const std::uint32_t minor = device_minor(device);
  switch (device_major(device)) {
    case kMemoryMajor:
      if (CharDevice* found = memory_device(minor)) return open_device(*found, path, flags);
      return Errno::kNxio;
    case tty::kTerminalMajor:
      return tty::open_terminal_node(minor, path, flags);
    case tty::kSlaveMajor:
      return Errno::kIo;  // found by its name in devpts only
    default:
      return Errno::kNxio;
  }
}

}  // namespace kernel::fs
