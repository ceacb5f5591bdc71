// What a terminal does to the characters that are written to it (termios(3), c_oflag), and the column that the cursor is
// in, which tabs and the erasing of tabs depend on. It only computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tty/termios.h"

namespace kernel::tty {

// As Linux's n_tty sees them: its ctype knows ISO 8859-1.
constexpr bool is_control(std::uint8_t c) {
  return c < 32 || c == 127;
}
constexpr bool is_letter_above_ascii(std::uint8_t c) {
  return c >= 0xc0 && c != 0xd7 && c != 0xf7;
}
constexpr bool is_alphanumeric(std::uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_letter_above_ascii(c);
}
constexpr std::uint8_t to_upper(std::uint8_t c) {
  const bool lower = (c >= 'a' && c <= 'z') || (c >= 0xdf && is_letter_above_ascii(c));
  return lower ? static_cast<std::uint8_t>(c - 0x20) : c;
}
constexpr std::uint8_t to_lower(std::uint8_t c) {
  const bool upper = (c >= 'A' && c <= 'Z') || (c < 0xdf && is_letter_above_ascii(c));
  return upper ? static_cast<std::uint8_t>(c + 0x20) : c;
}
constexpr bool is_utf8_continuation(std::uint8_t c) {
  return (c & 0xc0) == 0x80;
}

class OutputProcessor {
 public:
  static constexpr std::size_t kMostPerCharacter = 8;  // a tab as spaces

  constexpr OutputProcessor() = default;

  // What becomes of one character; nothing is written beyond kMostPerCharacter. The number of characters.
  std::size_t process(const Termios& settings, std::uint8_t character, char* out);
  // The most that a character can become with these settings.
  static std::size_t expansion(const Termios& settings) {
    if (!(settings.output_flags & kOPost)) return 1;
    if ((settings.output_flags & kTabDelay) == kTabsToSpaces) return kMostPerCharacter;
    return settings.output_flags & kONlCr ? 2 : 1;
  }

  // The echo moves the cursor without this.
  void advance(unsigned columns) { column_ += columns; }
  void go_back() {
    if (column_ > 0) --column_;
  }
  // The line that is being typed begins here.
  void note_line_begin() { line_begin_ = column_; }
  unsigned line_begin() const { return line_begin_; }

 private:
  unsigned column_ = 0;
  unsigned line_begin_ = 0;
};

}  // namespace kernel::tty
