#include "drivers/tty.h"

#include <algorithm>

#include "drivers/console.h"
#include "drivers/control.h"
#include "drivers/line_discipline.h"
#include "mm/user_ptr.h"
#include "task/job_control.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::drivers {
namespace {

constexpr std::size_t kReadPiece = 256;  // copied through the stack from the line discipline to the reader
constexpr std::uint64_t kVTimeUnitNs = 100'000'000;

task::SignalInfo signal_from_terminal(int number) {
  task::SignalInfo info;
  info.signal = number;
  info.code = 0x80;  // SI_KERNEL
  return info;
}

// Apart from the terminal, so that it lies in bss: pages that cost nothing until somebody types.
constinit std::uint16_t g_line_storage[LineDiscipline::kCapacity] = {};

class Terminal final : public fs::CharDevice, public InterruptHandler, public LineDiscipline::Sink {
 public:
  constexpr Terminal() : port_(true, true), line_(g_line_storage) {}

  Result<void> open(std::uint32_t flags) override;
  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t flags) override;
  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t flags) override;
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  std::uint32_t poll(fs::PollTable* table) override;

  void handle_interrupt() override;
  void echo(std::span<const char> characters) override { port_.output.echo(characters); }
  void signal(int number) override;

  bool is_controlling(const task::Process& process) const { return session_ != 0 && process.session == session_; }
  int foreground_group() const { return foreground_group_; }
  bool window_changed();
  void drain(const bool& give_up) {
    if (port_.started()) port_.output.drain(give_up);
  }
  void wake_waiters() { port_.output.changed().wake_all(); }

 private:
  Result<void> start();
  void take_input();
  Result<void> check_foreground(int signal);
  Result<void> wait_for_input(bool non_blocking);
  Result<void> set_settings(std::uint32_t request, std::uint64_t argument);
  Result<void> set_foreground(std::uint64_t argument);
  WindowSizeUser window_size();

  ConsolePort port_;
  LineDiscipline line_;
  bool hung_up_ = false;
  int session_ = 0;  // whose controlling terminal this is; 0: nobody's yet
  int foreground_group_ = 0;
  bool window_known_ = false;
  WindowSizeUser window_{};
};

constinit Terminal g_terminal;

}  // namespace

fs::CharDevice& terminal() {
  return g_terminal;
}

fs::CharDevice* controlling_terminal() {
  return g_terminal.is_controlling(*task::current().process) ? &g_terminal : nullptr;
}

int foreground_group_of(const task::Process& process) {
  return g_terminal.is_controlling(process) ? g_terminal.foreground_group() : -1;
}

bool window_size_changed() {
  return g_terminal.window_changed();
}
void drain_terminal(const bool& give_up) {
  g_terminal.drain(give_up);
}
void wake_terminal_waiters() {
  g_terminal.wake_waiters();
}

namespace {

// Takes the device into use and asks for input at once: ^C must work although nobody reads.
Result<void> Terminal::start() {
  if (port_.started()) return {};
  TRY(port_.start(DeviceRole::kTerminal, *this));
  take_input();
  return {};
}

// The first session leader that opens a terminal nobody controls gets it (credentials(7)); that is the payload.
Result<void> Terminal::open(std::uint32_t flags) {
  const task::Process& process = *task::current().process;
  if (session_ == 0 && !(flags & fs::kNoCtty) && process.session == process.pid) {
    session_ = process.session;
    foreground_group_ = process.group;
  }
  return start();
}

void Terminal::handle_interrupt() {
  port_.acknowledge_interrupt();
  port_.output.handle_interrupt();
  take_input();
}

// No more is asked for than the line discipline has room for: what is pasted waits in the host's terminal, and stops
// whoever writes there. So whatever makes room has to come here again.
void Terminal::take_input() {
  bool received = false;
  while (!hung_up_ && port_.input.collect()) {
    if (port_.input.over()) {
      // The host's terminal is gone: what Linux calls a hang-up. Nothing more will come.
      hung_up_ = true;
      signal(task::kSigHup);
    }
    received |= hung_up_ || !port_.input.data().empty();
    for (const std::byte c : port_.input.data()) line_.receive(static_cast<std::uint8_t>(c), *this);
    port_.input.consume(port_.input.data().size());
    const std::size_t room = std::min(kReadPiece, line_.room());
    if (hung_up_ || room == 0) break;
    port_.input.request(room);
  }
  port_.output.flush_echo();
  if (received) port_.input.changed().wake_all();
}

void Terminal::signal(int number) {
  if (foreground_group_ != 0) task::send_signal_to_group(foreground_group_, signal_from_terminal(number));
}

// A background process that reads (or changes the terminal) is stopped instead. Where that cannot be, it is refused: a
// process of an orphaned group, which nobody could continue, gets EIO, and so does a reader that blocks or ignores
// SIGTTIN (POSIX 11.1.4). Sent to either, the signal would do nothing, and the restarted call would send it again.
Result<void> Terminal::check_foreground(int number) {
  task::Task& self = task::current();
  const task::Process& process = *self.process;
  if (!is_controlling(process) || process.group == foreground_group_ || foreground_group_ == 0) return {};
  const bool blocked = self.signals.blocked & task::signal_bit(number);
  const bool ignored = process.signals.handlers && process.signals.handlers->actions[number - 1].handler == 1;
  if (blocked || ignored) return number == task::kSigTtin ? Result<void>(Errno::kIo) : Result<void>();
  if (task::is_orphaned_group(process.group)) return Errno::kIo;
  task::send_signal_to_group(process.group, signal_from_terminal(number));
  return Errno::kRestart;
}

Result<std::size_t> Terminal::read(mm::IoBuffer& buffer, std::uint32_t flags) {
  if (buffer.remaining() == 0) return std::size_t{0};
  TRY(start());
  TRY(check_foreground(task::kSigTtin));
  if (auto waited = wait_for_input(flags & fs::kNonBlock); !waited) return waited.error();
  std::size_t total = 0;
  const bool canonical = line_.settings.local_flags & kICanon;
  while (buffer.remaining() != 0 && line_.readable()) {
    std::byte piece[kReadPiece];
    const std::size_t room = std::min(kReadPiece, buffer.remaining());
    // What has been taken out of the line is not put back. (A page that is not there for good loses it, as on Linux.)
    static_cast<void>(buffer.check_room(room).ok());
    if (buffer.pending()) return total != 0 ? Result<std::size_t>(total) : Errno::kFault;
    const std::size_t count = line_.read(std::span(piece).first(room));
    if (count == 0) break;
    auto stored = buffer.store({piece, count});
    if (!stored) {
      if (total != 0) break;
      return stored.error();
    }
    total += count;
    if (canonical && piece[count - 1] == std::byte{'\n'}) break;
  }
  take_input();
  return total;
}

// Until a read has something to return: success with nothing readable means that it returns 0.
Result<void> Terminal::wait_for_input(bool non_blocking) {
  const auto ready = [this] {
    take_input();
    if (hung_up_) return true;
    if (line_.settings.local_flags & kICanon) return line_.readable();
    return line_.available() >= std::max<std::size_t>(1, line_.settings.characters[kVMin]);
  };
  if (ready()) return {};
  const bool canonical = line_.settings.local_flags & kICanon;
  const std::uint8_t minimum = line_.settings.characters[kVMin];
  const std::uint8_t time = line_.settings.characters[kVTime];
  if (!canonical && minimum == 0 && time == 0) return {};  // "polling read" (termios(3))
  if (non_blocking) return !canonical && line_.readable() ? Result<void>() : Result<void>(Errno::kAgain);

  task::WaitQueue& changed = port_.input.changed();
  if (canonical || time == 0) return changed.wait_until(ready);
  if (minimum == 0) {
    auto waited = changed.wait_until(ready, Deadline::after(time * kVTimeUnitNs));
    return waited.error() == Errno::kTimedOut ? Result<void>() : waited;
  }
  // MIN and TIME: the time runs between characters, from the first one on.
  TRY(changed.wait_until([&] { return ready() || line_.readable(); }));
  while (!ready()) {
    const std::size_t before = line_.available();
    auto waited = changed.wait_until([&] { return ready() || line_.available() != before; },
                                     Deadline::after(time * kVTimeUnitNs));
    if (waited.error() == Errno::kTimedOut) return {};
    if (!waited) return waited;
  }
  return {};
}

Result<std::size_t> Terminal::write(mm::IoBuffer& buffer, std::uint32_t flags) {
  TRY(start());
  if (line_.settings.local_flags & kToStop) TRY(check_foreground(task::kSigTtou));
  if (hung_up_) return Errno::kIo;
  constexpr std::uint32_t kNewlines = kOPost | kONlCr;
  return port_.output.write(buffer, {.non_blocking = (flags & fs::kNonBlock) != 0,
                                     .newline_to_crlf = (line_.settings.output_flags & kNewlines) == kNewlines});
}

std::uint32_t Terminal::poll(fs::PollTable* table) {
  if (!start()) return fs::kPollErr;
  take_input();
  if (table) {
    table->watch(port_.input.changed());
    table->watch(port_.output.changed());
  }
  std::uint32_t events = 0;
  if (line_.readable()) events |= fs::kPollReadable;
  if (port_.output.idle_or_announce()) events |= fs::kPollWritable;
  if (hung_up_) events |= fs::kPollReadable | fs::kPollHup;
  return events;
}

Result<std::uint64_t> Terminal::ioctl(std::uint32_t request, std::uint64_t argument) {
  const task::Process& process = *task::current().process;
  constexpr std::uint64_t kDone = 0;
  switch (request) {
    case kTcGetS:
      TRY(mm::UserPtr<Termios>(argument).write(line_.settings));
      return kDone;
    case kTcSetS:
    case kTcSetSW:
    case kTcSetSF:
      TRY(set_settings(request, argument));
      return kDone;
    case kTcSBrk:
    case kTcSBrkP:
    case kTcXOnc:
      return kDone;  // no break, no flow control on a virtual line
    case kTcFlsh:
      // TCIFLUSH 0, TCOFLUSH 1, TCIOFLUSH 2; output is on its way to the host already.
      if (argument > 2) return Errno::kInval;
      if (argument != 1) {
        line_.flush();
        take_input();
      }
      return kDone;
    case kTiocGWinSz:
      TRY(mm::UserPtr<WindowSizeUser>(argument).write(window_size()));
      return kDone;
    case kTiocSWinSz:
      window_ = TRY(mm::UserPtr<const WindowSizeUser>(argument).read());
      window_known_ = true;
      signal(task::kSigWinch);
      return kDone;
    case kFionRead:
      take_input();
      TRY(mm::UserPtr<std::int32_t>(argument).write(static_cast<std::int32_t>(line_.available())));
      return kDone;
    case kTiocOutQ:
      TRY(mm::UserPtr<std::int32_t>(argument).write(0));
      return kDone;
    case kTiocSCtty:
      if (is_controlling(process)) return kDone;
      if (process.session != process.pid || session_ != 0) return Errno::kPerm;
      session_ = process.session;
      foreground_group_ = process.group;
      return kDone;
    case kTiocNotty:
      if (!is_controlling(process)) return Errno::kNoTty;
      if (process.session == process.pid) session_ = foreground_group_ = 0;
      return kDone;
    case kTiocGPgrp:
      if (!is_controlling(process)) return Errno::kNoTty;
      TRY(mm::UserPtr<std::int32_t>(argument).write(foreground_group_));
      return kDone;
    case kTiocSPgrp:
      TRY(set_foreground(argument));
      return kDone;
    case kTiocGSid:
      if (!is_controlling(process)) return Errno::kNoTty;
      TRY(mm::UserPtr<std::int32_t>(argument).write(session_));
      return kDone;
    case kTiocExcl:
    case kTiocNxcl:
      return kDone;
    default:
      return Errno::kNoTty;
  }
}

Result<void> Terminal::set_settings(std::uint32_t request, std::uint64_t argument) {
  TRY(check_foreground(task::kSigTtou));
  const Termios settings = TRY(mm::UserPtr<const Termios>(argument).read());
  const bool was_canonical = line_.settings.local_flags & kICanon;
  if (request == kTcSetSF) line_.flush();
  line_.settings = settings;
  line_.settings_changed(was_canonical);
  take_input();
  port_.input.changed().wake_all();  // what a waiting reader waits for may have changed
  return {};
}

Result<void> Terminal::set_foreground(std::uint64_t argument) {
  const task::Process& process = *task::current().process;
  if (!is_controlling(process)) return Errno::kNoTty;
  if (auto allowed = check_foreground(task::kSigTtou); !allowed) {
    return allowed.error() == Errno::kIo ? Errno::kNoTty : allowed.error();  // tcsetpgrp(3) knows no EIO
  }
  const std::int32_t group = TRY(mm::UserPtr<const std::int32_t>(argument).read());
  if (group < 0) return Errno::kInval;
  bool exists = false;
  bool in_session = false;
  task::for_each_process([&](task::Process& other) {
    if (other.group != group) return true;
    exists = true;
    in_session = other.session == session_;
    return false;
  });
  if (!exists) return Errno::kSrch;
  if (!in_session) return Errno::kPerm;
  foreground_group_ = group;
  return {};
}

WindowSizeUser Terminal::window_size() {
  if (!window_known_) {
    const WindowSize size = host_window_size();
    window_ = {size.rows, size.columns, 0, 0};
    window_known_ = true;
  }
  return window_;
}

bool Terminal::window_changed() {
  if (session_ == 0) return false;
  window_known_ = false;
  signal(task::kSigWinch);
  return true;
}

}  // namespace
}  // namespace kernel::drivers
