#include "fs/console.h"

#include "drivers/console.h"
#include "drivers/tty.h"
#include "fs/dev_fs.h"
#include "fs/device_file.h"
#include "fs/fs.h"
#include "fs/memory_devices.h"
#include "fs/nameless.h"

namespace kernel::fs {

namespace {

// /dev/console where there is no terminal: reads standard input, writes standard output.
class StreamConsole final : public CharDevice {
 public:
  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t flags) override {
    CharDevice* input = drivers::console_device(ConsoleRole::kStdin);
    if (!input) return 0;
    return input->read(buffer, flags);
  }
  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t flags) override {
    CharDevice* output = drivers::console_device(ConsoleRole::kStdout);
    if (!output) return Errno::kIo;
    return output->write(buffer, flags);
  }
  Readiness readiness() override {
    CharDevice* input = drivers::console_device(ConsoleRole::kStdin);
    if (!input) return kAlwaysReady;
    const Readiness of_input = input->readiness();
    return {kPollWritable | (of_input.events & kPollReadable), of_input.changes};
  }
};

constinit StreamConsole g_stream_console;

}  // namespace

CharDevice* terminal_device(std::uint32_t minor) {
  CharDevice* terminal = drivers::console_device(ConsoleRole::kTerminal);
  if (minor == kTtyMinor) return drivers::controlling_terminal();
  if (minor == kConsoleMinor) return terminal ? terminal : &g_stream_console;
  return nullptr;
}

CharDevice* find_char_device(std::uint64_t device) {
  switch (device_major(device)) {
    case kMemoryMajor:
      return memory_device(device_minor(device));
    case kTerminalMajor:
      return terminal_device(device_minor(device));
    default:
      return nullptr;
  }
}

Result<Ref<File>> open_console(ConsoleRole role, std::uint32_t flags) {
  CharDevice* device = drivers::console_device(role);
  if (!device) return Errno::kNoDev;
  if (role == ConsoleRole::kTerminal) return open_device(*device, TRY(device_path("console")), flags);
  // Anybody may open /proc/self/fd/1 again, whichever user the payload runs as.
  NewInode attributes;
  attributes.mode = mode_of(FileType::kFifo, 0666);
  const Path path = TRY(make_nameless(kPipeObject, attributes, device));
  return open_device(*device, path, flags);
}

}  // namespace kernel::fs
