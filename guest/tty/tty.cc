#include "tty/tty.h"

#include <algorithm>

#include "fs/abi.h"
#include "fs/file.h"
#include "lib/string.h"
#include "task/job_control.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::tty {
namespace {

constexpr std::size_t kReadPiece = 256;  // copied through the stack from the line discipline to the reader
// Between two pieces of a long write the output may be stopped.
constexpr std::size_t kWritePiece = std::size_t{64} << 10;
constexpr std::uint64_t kVTimeUnitNs = 100'000'000;

}  // namespace

bool Opening::non_blocking() const {
  return flags & fs::kNonBlock;
}

Tty::~Tty() = default;

Result<void> Tty::open(std::uint32_t flags, bool may_control) {
  if (exclusive_ && !task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kBusy;
  TRY(check_open());
  task::Process& process = *task::current().process;
  const bool can_read = (flags & fs::kAccessMode) != fs::kWriteOnly;
  if (may_control && can_read && !(flags & fs::kNoCtty) && process.ids.leads_session() && !process.ids.terminal() &&
      !session()) {
    process.ids.session->acquire(Ref<task::ControllingTerminal>(this), process);
  }
  return start();
}

// A background process that reads (or changes the terminal) is stopped instead. Where that cannot be, it is refused: a
// process of an orphaned group, which nobody could continue, gets EIO, and so does a reader that blocks or ignores
// SIGTTIN (POSIX 11.1.4). Sent to either, the signal would do nothing, and the restarted call would send it again.
Result<void> Tty::check_foreground(int number) {
  task::Task& self = task::current();
  const task::Process& process = *self.process;
  if (!controls(process) || process.ids.group == foreground_group() || foreground_group() == 0) return {};
  const bool blocked = self.signals.blocked & task::signal_bit(number);
  const bool ignored =
      process.signals.handlers && process.signals.handlers->actions[number - 1].handler == task::SignalAction::kIgnore;
  if (blocked || ignored) return number == task::kSigTtin ? Result<void>(Errno::kIo) : Result<void>();
  if (task::is_orphaned_group(process.ids.group)) return Errno::kIo;
  task::send_signal_to_group(process.ids.group, task::kernel_signal(number));
  return Errno::kRestart;
}

Result<void> Tty::check_foreground(const Opening& by, int number) {
  if (by.master) return {};  // nobody's controlling terminal
  return check_foreground(number);
}

// Linux's n_tty_read(). In canonical mode a line; else VMIN characters, or what comes within VTIME.
Result<std::size_t> Tty::read(mm::IoBuffer& buffer, const Opening& by) {
  if (is_hung_up(by)) return std::size_t{0};
  TRY(start());
  TRY(check_foreground(task::kSigTtin));
  if (buffer.remaining() == 0) return std::size_t{0};
  TRY(Turn::wait(reading_, changed(), by.non_blocking()));
  const Turn turn(reading_, changed());

  std::size_t minimum = 0;
  std::uint64_t time_between = 0;  // from the first character on
  bool waits = true;
  Deadline deadline = Deadline::never();
  if (!(line_.settings.local_flags & kICanon)) {
    const std::uint64_t time = line_.settings.characters[kVTime] * kVTimeUnitNs;
    minimum = line_.settings.characters[kVMin];
    if (minimum != 0) {
      time_between = time;
    } else {
      minimum = 1;
      waits = time != 0;
      if (waits) deadline = Deadline::after(time);
    }
  }
  std::size_t total = 0;
  for (;;) {
    const bool available = [&] {
      take_input();
      return line_.readable();
    }();
    if (!available) {
      if (is_hung_up(by) && peer_closed()) return fs::moved_or(total, Errno::kIo);
      if (gone() || is_hung_up(by) || !waits) break;
      if (by.non_blocking()) return fs::moved_or(total, Errno::kAgain);
      const auto waited = changed().wait_until(
          [&] {
            take_input();
            return line_.readable() || gone() || is_hung_up(by);
          },
          deadline);
      if (waited.error() == Errno::kTimedOut) break;
      if (!waited) return fs::moved_or(total, waited.error());
      continue;
    }
    // What is taken from the line cannot be put back: no more than there is room for, where a page is late.
    if (auto room = buffer.check_room(1); !room) return fs::moved_or(total, room.error());
    const std::size_t most = std::min(kReadPiece, buffer.remaining());
    if (auto room = buffer.check_room(most); !room && buffer.pending()) return fs::moved_or(total, room.error());
    std::byte piece[kReadPiece];
    bool ended = false;
    const std::size_t count = line_.read(std::span(piece).first(most), ended);
    if (count != 0) {
      auto stored = buffer.store({piece, count});
      if (!stored) return fs::moved_or(total, stored.error());
      total += stored.value();
    }
    if (buffer.remaining() == 0 && !ended) line_.skip_end_of_file();
    if (ended || buffer.remaining() == 0) break;
    if (line_.readable()) continue;
    if (total >= minimum) break;
    if (time_between != 0) deadline = Deadline::after(time_between);
  }
  take_input();
  return total;
}

Result<std::size_t> Tty::write(mm::IoBuffer& buffer, const Opening& by) {
  if (is_hung_up(by)) return Errno::kIo;
  TRY(start());
  if (line_.settings.local_flags & kToStop) TRY(check_foreground(task::kSigTtou));
  if (gone()) return Errno::kIo;
  TRY(Turn::wait(writing_, changed(), by.non_blocking()));
  const Turn turn(writing_, changed());
  std::size_t total = 0;
  while (buffer.remaining() != 0) {
    if (stopped_) {
      if (by.non_blocking()) return fs::moved_or(total, Errno::kAgain);
      const auto waited = changed().wait_until([&] { return !stopped_ || is_hung_up(by); });
      if (!waited) return fs::moved_or(total, waited.error());
    }
    if (is_hung_up(by)) return fs::moved_or(total, Errno::kIo);
    const mm::IoBuffer::Piece piece(buffer, std::min(buffer.remaining(), kWritePiece));
    const std::size_t wanted = buffer.remaining();
    auto sent = transmit(buffer, by);
    if (!sent) return fs::moved_or(total, sent.error());
    total += sent.value();
    if (sent.value() < wanted && !stopped_) break;
  }
  return total;
}

std::uint32_t Tty::events(const Opening& by) {
  if (is_hung_up(by)) return fs::kPollReadable | fs::kPollWritable | fs::kPollErr | fs::kPollHup;
  if (!start()) return fs::kPollErr;
  take_input();
  // A reader that wants several characters and sets no time is not woken for fewer (Linux's input_available_p()).
  const std::uint8_t* characters = line_.settings.characters;
  const std::size_t minimum = characters[kVTime] == 0 && characters[kVMin] != 0 ? characters[kVMin] : 1;
  std::uint32_t events = 0;
  if (line_.readable(minimum)) events |= fs::kPollReadable;
  if (!stopped_ && can_transmit()) events |= fs::kPollWritable;
  if (gone()) events |= fs::kPollReadable | fs::kPollHup;
  return events;
}

void Tty::tell_of_input(std::size_t lines_before) {
  const bool tells = line_.canonical() ? line_.ended_up_to() != lines_before : line_.readable();
  if (tells) input_arrivals_.wake(fs::kPollIn);
}

void Tty::hang_up() {
  ++hang_ups_;
  if (session()) session()->hang_up();
  line_.flush();
  pending_echo_size_ = 0;
  stopped_ = stopped_by_call_ = false;
  changed().wake_all();
}

// The echo of what comes at once goes out at once, at its end: a signal in between drops it, as on Linux.
void Tty::echo(std::span<const char> characters) {
  if (characters.size() > pending_echo_.size() - pending_echo_size_) send_pending_echo();
  const std::size_t count = std::min(characters.size(), pending_echo_.size() - pending_echo_size_);
  memcpy(pending_echo_.data() + pending_echo_size_, characters.data(), count);
  pending_echo_size_ += count;
}

void Tty::send_pending_echo() {
  if (stopped_ || pending_echo_size_ == 0) return;
  const std::size_t sent = emit(pending_echo_.first(pending_echo_size_));
  pending_echo_size_ -= sent;
  memmove(pending_echo_.data(), pending_echo_.data() + sent, pending_echo_size_);
}

void Tty::stop_output() {
  if (stopped_) return;
  stopped_ = true;
  output_stopped(true);
}

void Tty::start_output() {
  if (stopped_ && !stopped_by_call_) go_on();
}

void Tty::go_on() {
  stopped_ = false;
  output_stopped(false);
  send_pending_echo();
  changed().wake_all();
}

void Tty::flush_output() {
  pending_echo_size_ = 0;
  output_flushed();
  input_flushed();
}

}  // namespace kernel::tty
