// The host's terminal, for `-t`: raw while the guest has it, since the guest's own line discipline does the echoing,
// the line editing and the signals.
#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>

namespace husk::machine {

// Puts the terminal on standard input into raw mode, and back when it goes. Throws husk::Error when standard input is
// not a terminal.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios previous_{};
};

struct WindowSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

// Of the terminal on standard output, or else on standard input.
std::optional<WindowSize> window_size();

}  // namespace husk::machine
