#include "drivers/line_discipline.h"

#include <string_view>

namespace kernel::drivers {
namespace {

// signal(7)
constexpr int kInterruptSignal = 2;
constexpr int kQuitSignal = 3;
constexpr int kStopSignal = 20;

constexpr bool is_control(std::uint8_t c) {
  return (c < 32 && c != '\t') || c == 127;
}
constexpr bool is_utf8_continuation(std::uint8_t c) {
  return (c & 0xc0) == 0x80;
}

void echo_text(LineDiscipline::Sink& sink, std::string_view text) {
  sink.echo({text.data(), text.size()});
}

}  // namespace

// _POSIX_VDISABLE is 0: such a control character does not exist.
bool LineDiscipline::is(ControlCharacter which, std::uint8_t character) const {
  return settings.characters[which] != 0 && settings.characters[which] == character;
}

void LineDiscipline::receive(std::uint8_t c, Sink& sink) {
  if (settings.input_flags & kIStrip) c &= 0x7f;
  if (literal_next_) {
    literal_next_ = false;
    if (has(kEcho)) echo_character(c, sink);
    return store(c);
  }
  if (c == '\r') {
    if (settings.input_flags & kIgnCr) return;
    if (settings.input_flags & kICrNl) c = '\n';
  } else if (c == '\n' && (settings.input_flags & kINlCr)) {
    c = '\r';
  }
  if (has(kISig) && handle_signal(c, sink)) return;
  // ^S and ^Q are for the terminal that draws the characters, which is the host's; here they would only be noise.
  if ((settings.input_flags & kIXOn) && (is(kVStart, c) || is(kVStop, c))) return;
  if (canonical() && handle_editing(c, sink)) return;

  if (has(kEcho) || (c == '\n' && canonical() && has(kEchoNl))) echo_character(c, sink);
  const bool ends_line = canonical() && (c == '\n' || is(kVEol, c) || is(kVEol2, c));
  store(static_cast<std::uint16_t>(c | (ends_line ? kEndOfLine : 0)));
  if (ends_line) committed_ = end_;
}

bool LineDiscipline::handle_signal(std::uint8_t c, Sink& sink) {
  const int number = is(kVIntr, c) ? kInterruptSignal : is(kVQuit, c) ? kQuitSignal : is(kVSusp, c) ? kStopSignal : 0;
  if (number == 0) return false;
  if (has(kEcho)) echo_character(c, sink);
  if (!has(kNoFlsh)) flush();
  sink.signal(number);
  return true;
}

bool LineDiscipline::handle_editing(std::uint8_t c, Sink& sink) {
  if (is(kVErase, c)) {
    erase_character(sink);
  } else if (is(kVKill, c)) {
    while (end_ != committed_) erase_character(sink);
  } else if (has(kIExten) && is(kVWordErase, c)) {
    const auto last_is_space = [this] { return at(end_ - 1) == ' ' || at(end_ - 1) == '\t'; };
    while (end_ != committed_ && last_is_space()) erase_character(sink);
    while (end_ != committed_ && !last_is_space()) erase_character(sink);
  } else if (has(kIExten) && is(kVLiteralNext, c)) {
    literal_next_ = true;
  } else if (has(kIExten) && has(kEcho) && is(kVReprint, c)) {
    echo_text(sink, "^R\r\n");
    for (std::size_t i = committed_; i != end_; ++i) echo_character(static_cast<std::uint8_t>(at(i)), sink);
  } else if (is(kVEof, c)) {
    store(kEndOfFile);
    committed_ = end_;
  } else {
    return false;
  }
  return true;
}

// One place always stays for what ends the line, so that a line that is too long can still be finished.
void LineDiscipline::store(std::uint16_t entry) {
  const std::size_t used = end_ - read_;
  const bool ends = entry & (kEndOfLine | kEndOfFile);
  if (used >= kCapacity - (ends || !canonical() ? 0 : 1)) return;
  at(end_++) = entry;
}

std::size_t LineDiscipline::room() const {
  const std::size_t used = end_ - read_;
  const std::size_t limit = canonical() ? kCapacity - 1 : kCapacity;
  if (used < limit) return limit - used;
  return readable() ? 0 : 1;
}

void LineDiscipline::erase_character(Sink& sink) {
  if (end_ == committed_) return;
  // In UTF-8 the character is all bytes back to the one that starts it.
  if (settings.input_flags & kIUtf8) {
    while (end_ - 1 != committed_ && is_utf8_continuation(static_cast<std::uint8_t>(at(end_ - 1)))) --end_;
  }
  const auto erased = static_cast<std::uint8_t>(at(--end_));
  if (!has(kEcho) || !has(kEchoE)) return;
  for (std::size_t i = 0; i < echo_width(erased); ++i) echo_text(sink, "\b \b");
}

std::size_t LineDiscipline::echo_width(std::uint8_t c) const {
  return is_control(c) && has(kEchoCtl) ? 2 : 1;
}

void LineDiscipline::echo_character(std::uint8_t c, Sink& sink) const {
  if (c == '\n') return echo_text(sink, (settings.output_flags & kOPost) ? "\r\n" : "\n");
  if (is_control(c) && has(kEchoCtl)) {
    const char text[2] = {'^', static_cast<char>(c ^ 0x40)};
    return sink.echo(text);
  }
  const char text = static_cast<char>(c);
  sink.echo({&text, 1});
}

bool LineDiscipline::readable() const {
  return canonical() ? read_ != committed_ : read_ != end_;
}

std::size_t LineDiscipline::available() const {
  std::size_t count = 0;
  for (std::size_t i = read_; i != (canonical() ? committed_ : end_); ++i) {
    if (at(i) & kEndOfFile) break;
    ++count;
    if (canonical() && (at(i) & kEndOfLine)) break;
  }
  return count;
}

std::size_t LineDiscipline::read(std::span<std::byte> out) {
  const std::size_t limit = canonical() ? committed_ : end_;
  std::size_t count = 0;
  while (read_ != limit) {
    const std::uint16_t entry = at(read_);
    if (entry & kEndOfFile) {
      // It ends this read, and belongs to it: "abc^D" is read as "abc", not as "abc" and then an end of file.
      ++read_;
      break;
    }
    if (count == out.size()) break;
    out[count++] = static_cast<std::byte>(entry);
    ++read_;
    if (canonical() && (entry & kEndOfLine)) break;
  }
  if (committed_ - read_ > end_ - read_) committed_ = read_;  // read past it in non-canonical mode
  return count;
}

void LineDiscipline::flush() {
  read_ = committed_ = end_;
  literal_next_ = false;
}

void LineDiscipline::settings_changed(bool was_canonical) {
  if (was_canonical != canonical()) committed_ = end_;
}

}  // namespace kernel::drivers
