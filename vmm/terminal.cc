#include "vmm/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "vmm/default_actions.h"
#include "vmm/emergency_exit.h"
#include "vmm/error.h"

namespace husk {
namespace {

termios previous_mode;  // set before anybody can want it back

// Waits for output that is on its way, as it should come out in the mode that it was written for; but not for a
// terminal that is stopped (^S) when somebody wants husk to go on.
bool set_mode(const termios& mode) {
  if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode) == 0) return true;
  return errno == EINTR && ::tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0;
}

// Async-signal-safe: tcsetattr(3) is in POSIX's list.
void restore_at_once() {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &previous_mode);
}

// The status is what a shell makes of a process that the signal has killed.
void end_by_signal(int number) {
  emergency_exit(128 + number, {});
}

}  // namespace

void require_terminal() {
  if (::isatty(STDIN_FILENO) == 1) return;
  throw Error("give the payload", "a terminal (-t)", "standard input is not a terminal", "leave -t out");
}

SavedTerminal::SavedTerminal() {
  require_terminal();
  ::tcgetattr(STDIN_FILENO, &mode_);
}

SavedTerminal::~SavedTerminal() {
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode_);
}

RawTerminal::RawTerminal() {
  if (::tcgetattr(STDIN_FILENO, &previous_mode) != 0) require_terminal();
  set_emergency_action(restore_at_once);
  struct sigaction action {};
  action.sa_handler = end_by_signal;
  ::sigfillset(&action.sa_mask);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    struct sigaction current {};
    if (!ends_by_default(number) || ::sigaction(number, nullptr, &current) != 0) continue;
    if (current.sa_handler == SIG_DFL) ::sigaction(number, &action, nullptr);  // fails for SIGKILL
  }
  termios raw = previous_mode;
  ::cfmakeraw(&raw);
  if (!set_mode(raw)) {
    const Error error = Error::from_errno("set", "the terminal to raw mode");
    set_emergency_action(nullptr);
    throw error;
  }
}

// The handlers stay, for a confined VMM may not change them (vmm/sandbox/filter.cc): they end the process as the
// signals do.
RawTerminal::~RawTerminal() {
  set_mode(previous_mode);
  set_emergency_action(nullptr);
}

std::optional<WindowSize> window_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return WindowSize{size.ws_row, size.ws_col};
}

}  // namespace husk
