#include "fs/console.h"

#include "drivers/console.h"
#include "fs/char_device.h"
#include "fs/device_file.h"
#include "fs/nameless.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// A stream that takes no more ends a writer that does not care (pipe(7); setrlimit(2), RLIMIT_FSIZE).
Errno signal_writer(Errno error) {
  task::SignalInfo info;
  if (error == Errno::kPipe) {
    info.signal = task::kSigPipe;
  } else if (error == Errno::kFBig) {
    info.signal = task::kSigXfsz;
  } else {
    return error;
  }
  info.sender = {.pid = task::current().process->ids.pid, .uid = task::current().credentials.uid, .value = 0};
  task::send_signal(task::current(), info);
  return error;
}

// A standard stream without a terminal's manners: bytes in one direction.
class Stream final : public CharDevice {
 public:
  constexpr explicit Stream(ConsoleRole role) : role_(role) {}

  ConsoleRole role() const { return role_; }
  drivers::ConsolePort* port() const { return drivers::console_port(role_); }

  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t flags) override {
    if (!is_input()) return Errno::kBadF;
    drivers::ConsolePort& port = *this->port();
    TRY(port.start());
    return port.input.read(buffer, flags & kNonBlock);
  }

  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t flags) override {
    if (is_input()) return Errno::kBadF;
    drivers::ConsolePort& port = *this->port();
    TRY(port.start());
    auto written = port.output.write(buffer, flags & kNonBlock, nullptr);
    if (!written) return signal_writer(written.error());
    return written;
  }

  Readiness readiness() override {
    drivers::ConsolePort& port = *this->port();
    if (!port.start()) return {kPollErr, nullptr};
    const std::uint32_t events = is_input()                       ? port.input.ready_or_request() ? kPollReadable : 0
                                 : port.output.idle_or_announce() ? kPollWritable
                                                                  : 0;
    return {events, &port.changed};
  }

 private:
  bool is_input() const { return role_ == ConsoleRole::kStdin; }

  const ConsoleRole role_;
};

constinit Stream g_stdin(ConsoleRole::kStdin);
constinit Stream g_stdout(ConsoleRole::kStdout);
constinit Stream g_stderr(ConsoleRole::kStderr);

// Null if the VM has none of this role.
Stream* stream(ConsoleRole role) {
  for (Stream* each : {&g_stdin, &g_stdout, &g_stderr}) {
    if (each->role() == role) return each->port() ? each : nullptr;
  }
  return nullptr;
}

class StreamConsole final : public CharDevice {
 public:
  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t flags) override {
    Stream* input = stream(ConsoleRole::kStdin);
    if (!input) return 0;
    return input->read(buffer, flags);
  }
  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t flags) override {
    Stream* output = stream(ConsoleRole::kStdout);
    if (!output) return Errno::kIo;
    return output->write(buffer, flags);
  }
  Readiness readiness() override {
    Stream* input = stream(ConsoleRole::kStdin);
    if (!input) return kAlwaysReady;
    const Readiness of_input = input->readiness();
    return {kPollWritable | (of_input.events & kPollReadable), of_input.changes};
  }
};

constinit StreamConsole g_stream_console;

}  // namespace

Result<Ref<File>> open_stream_console(const Path& path, std::uint32_t flags) {
  return open_device(g_stream_console, path, flags);
}

Result<Ref<File>> open_console(ConsoleRole role, std::uint32_t flags) {
  Stream* device = stream(role);
  if (!device) return Errno::kNoDev;
  // Anybody may open /proc/self/fd/1 again, whichever user the payload runs as.
  NewInode attributes;
  attributes.mode = mode_of(FileType::kFifo, 0666);
  const Path path = TRY(make_nameless(kPipeObject, attributes, device));
  return open_device(*device, path, flags);
}

}  // namespace kernel::fs
