// The caller's terminal, for `-t`: raw while the payload has one of its own, in a guest or in a container, since that
// one's line discipline does the echoing, the line editing and the signals.
#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>

namespace husk {

// Puts the terminal on standard input into raw mode, and back when it goes. Also on every other way out of the process
// that can be caught: emergency_exit (vmm/emergency_exit.h), and the signals that end a process by default and that
// nobody handles (a crash, an alarm, a limit, kill(1)). So make it last, when the handlers of the signals that do not end
// husk are there (SignalForwarder); there is one at a time. Throws husk::Error when standard input is not a terminal.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

// Throws husk::Error when standard input is not a terminal.
void require_terminal();

// The terminal on standard input is as it was when this goes, whatever a payload that shared it has done. Throws
// husk::Error when there is none.
class SavedTerminal {
 public:
  SavedTerminal();
  ~SavedTerminal();
  SavedTerminal(const SavedTerminal&) = delete;
  SavedTerminal& operator=(const SavedTerminal&) = delete;

 private:
  termios mode_{};
};

struct WindowSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

// Of the terminal on standard output, or else on standard input.
std::optional<WindowSize> window_size();

}  // namespace husk
