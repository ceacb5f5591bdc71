#include "vmm/runner/terminal_relay.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "vmm/error.h"
#include "vmm/runner/mounts.h"

namespace husk::runner {
namespace {

// The other end, without a path that could lead elsewhere (ioctl_tty(2), Linux 4.13).
UniqueFd open_slave(int master) {
  UniqueFd slave(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) throw Error::from_errno("open", "the payload's terminal");
  return slave;
}

// What the line discipline makes of characters, as the payload has set it (termios(3)).
class SignalCharacters {
 public:
  explicit SignalCharacters(int terminal) { ::tcgetattr(terminal, &mode_); }

  // Of those that end a program by default.
  std::optional<int> signal_of(std::byte character) const {
    if ((mode_.c_lflag & ISIG) == 0) return {};
    if (is(VINTR, character)) return SIGINT;
    if (is(VQUIT, character)) return SIGQUIT;
    return {};
  }
  bool is_literal_next(std::byte character) const {
    return (mode_.c_lflag & ICANON) != 0 && (mode_.c_lflag & IEXTEN) != 0 && is(VLNEXT, character);
  }

 private:
  bool is(unsigned which, std::byte character) const {
    return mode_.c_cc[which] != _POSIX_VDISABLE && mode_.c_cc[which] == static_cast<cc_t>(character);
  }

  termios mode_{};
};

void copy_window_size(int master) {
  const std::optional<WindowSize> callers = window_size();
  if (!callers) return;
  winsize size{};
  size.ws_row = callers->rows;
  size.ws_col = callers->columns;
  ::ioctl(master, TIOCSWINSZ, &size);
}

UniqueFd without_waiting(UniqueFd master) {
  const int flags = ::fcntl(master.get(), F_GETFL);
  if (flags < 0 || ::fcntl(master.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    throw Error::from_errno("set up", "the payload's terminal");
  }
  return master;
}

}  // namespace

UniqueFd open_own_terminal() {
  UniqueFd master(::open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  const int unlocked = 0;
  int number = 0;
  if (!master || ::ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0 || ::ioctl(master.get(), TIOCGPTN, &number) != 0) {
    throw Error::from_errno("make", "a terminal for the payload");
  }
  copy_window_size(master.get());
  const UniqueFd slave = open_slave(master.get());
  const UniqueFd console(::open("/dev/console", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!console) throw Error::from_errno("create", "/dev/console");
  mount_at("/dev/pts/" + std::to_string(number), "/dev/console", {}, MS_BIND);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(slave.get(), stream) < 0) throw Error::from_errno("open", "the payload's terminal");
  }
  return master;
}

void lead_session_on_terminal(uid_t owner) {
  constexpr gid_t kSameGroup = static_cast<gid_t>(-1);
  // As for other streams (standard_streams.h): without the right to give it away it stays whose it is.
  if (::fchown(STDIN_FILENO, owner, kSameGroup) != 0 && errno != EPERM && errno != EINVAL) {
    throw Error::from_errno("give away", "the payload's terminal");
  }
  if (::setsid() < 0 || ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
    throw Error::from_errno("take", "the payload's terminal");
  }
}

TerminalRelay::TerminalRelay(UniqueFd master)
    : master_(without_waiting(std::move(master))),
      slave_(open_slave(master_.get())),
      input_(STDIN_FILENO),
      output_(STDOUT_FILENO) {
  take_window_size();
}

void TerminalRelay::prepare(std::span<pollfd, kDescriptors> events) const {
  const auto events_of = [](bool in, bool out) { return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0)); };
  const bool open = static_cast<bool>(master_);
  // poll(2) skips a negative descriptor, and reports errors of the others whatever is asked.
  const bool wants_input = open && to_payload_.empty();
  events[0] = {.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
  events[1] = {
      .fd = open ? master_.get() : -1, .events = events_of(to_user_.empty(), !to_payload_.empty()), .revents = 0};
  events[2] = {.fd = to_user_.empty() ? -1 : STDOUT_FILENO, .events = POLLOUT, .revents = 0};
}

std::optional<int> TerminalRelay::move(std::span<const pollfd, kDescriptors> events, pid_t group) {
  std::optional<int> signo;
  if (events[0].revents != 0) take_input();
  if (!to_payload_.empty()) signo = give_input();
  if (signo && ::tcgetpgrp(master_.get()) != group) signo.reset();
  if ((events[1].revents & POLLIN) != 0 && to_user_.empty()) take_output();
  if (!to_user_.empty()) give_output();
  return signo;
}

void TerminalRelay::take_input() {
  const iovec room{.iov_base = to_payload_.room().data(), .iov_len = to_payload_.room().size()};
  const InputStream::Result result = input_.read(std::span(&room, 1));
  if (result.status == StreamStatus::kWouldBlock) return;
  if (result.received != 0) return to_payload_.filled(result.received);
  // The caller's terminal is gone, and so is the payload's: SIGHUP for its session (termios(3), "modem disconnect").
  slave_.reset();
  master_.reset();
}

// Up to the first character that makes a signal.
std::optional<int> TerminalRelay::give_input() {
  if (!master_) return {};
  const SignalCharacters characters(slave_.get());
  std::span<const std::byte> bytes = to_payload_.bytes();
  std::optional<int> signo;
  bool literal_next = literal_next_;
  for (std::size_t i = 0; i < bytes.size() && !signo; ++i) {
    if (!std::exchange(literal_next, false)) {
      signo = characters.signal_of(bytes[i]);
      literal_next = characters.is_literal_next(bytes[i]);
    }
    if (signo) bytes = bytes.first(i + 1);
  }
  const ssize_t written = ::write(master_.get(), bytes.data(), bytes.size());
  if (written < 0 && errno != EAGAIN && errno != EINTR) to_payload_.consume(bytes.size());
  if (written <= 0) return {};
  to_payload_.consume(static_cast<std::size_t>(written));
  if (static_cast<std::size_t>(written) < bytes.size()) {
    literal_next_ = characters.is_literal_next(bytes[static_cast<std::size_t>(written) - 1]);
    return {};
  }
  literal_next_ = literal_next;
  // The line discipline works in a kernel thread. Whoever asks what the signal does has to ask after it was sent: a
  // shell that catches it might have become a program that does not in between. poll(2) waits for what was typed.
  pollfd looked_at{.fd = slave_.get(), .events = POLLIN, .revents = 0};
  if (signo) ::poll(&looked_at, 1, 0);
  return signo;
}

bool TerminalRelay::take_output() {
  if (!master_) return false;
  const ssize_t received = ::read(master_.get(), to_user_.room().data(), to_user_.room().size());
  if (received <= 0) return false;
  to_user_.filled(static_cast<std::size_t>(received));
  return true;
}

void TerminalRelay::give_output() {
  const std::span<const std::byte> bytes = to_user_.bytes();
  const OutputStream::Result result = output_.write(std::span(&bytes, 1), 0, bytes.size());
  to_user_.consume(result.written);
  // What nobody reads any more must not keep the payload waiting.
  if (result.status != StreamStatus::kOk && result.status != StreamStatus::kWouldBlock) {
    to_user_.consume(to_user_.bytes().size());
  }
}

void TerminalRelay::take_window_size() const {
  if (master_) copy_window_size(master_.get());
}

bool TerminalRelay::drained() {
  while (!to_user_.empty() || take_output()) {
    give_output();
    if (!to_user_.empty()) return false;
  }
  return true;
}

}  // namespace husk::runner
