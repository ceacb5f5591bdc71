#include "vmm/machine/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/error.h"

namespace husk::machine {

RawTerminal::RawTerminal() {
  if (::tcgetattr(STDIN_FILENO, &previous_) != 0) {
    throw Error("give the payload", "a terminal (-t)", "standard input is not a terminal", "leave -t out");
  }
  termios raw = previous_;
  ::cfmakeraw(&raw);
  if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) throw Error::from_errno("set", "the terminal to raw mode");
}

RawTerminal::~RawTerminal() {
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &previous_);
}

std::optional<WindowSize> window_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return WindowSize{size.ws_row, size.ws_col};
}

}  // namespace husk::machine
