#include "tty/line_discipline.h"

namespace kernel::tty {
namespace {

// signal(7)
constexpr int kInterruptSignal = 2;
constexpr int kQuitSignal = 3;
constexpr int kStopSignal = 20;

}  // namespace

// _POSIX_VDISABLE is 0: such a control character does not exist.
bool LineDiscipline::is(ControlCharacter which, std::uint8_t character) const {
  return settings.characters[which] != 0 && settings.characters[which] == character;
}

void LineDiscipline::receive(std::uint8_t c, Sink& sink) {
  if (has_input_flag(kIStrip)) c &= 0x7f;
  if (has_input_flag(kIUcLc) && has(kIExten)) c = to_lower(c);
  if (has(kExtProc)) return store(c);  // somebody else has done all that follows
  if (literal_next_) {
    literal_next_ = false;
    return accept(c, sink, true);
  }
  if (has_input_flag(kIXOn) && handle_flow_control(c, sink)) return;
  if (has(kISig) && handle_signal(c, sink)) return;
  if (has_input_flag(kIXOn) && has_input_flag(kIXAny)) sink.start_output();
  bool as_typed = true;  // a newline that a carriage return became is one, whatever the mode
  if (c == '\r') {
    if (has_input_flag(kIgnCr)) return;
    if (has_input_flag(kICrNl)) {
      c = '\n';
      as_typed = false;
    }
  } else if (c == '\n' && has_input_flag(kINlCr)) {
    c = '\r';
  }
  if (has(kICanon) && handle_editing(c, sink)) return;
  accept(c, sink, as_typed);
}

void LineDiscipline::accept(std::uint8_t c, Sink& sink, bool as_typed) {
  if (has(kEcho)) {
    finish_erasing(sink);
    if (c == '\n' && !as_typed) {
      echo_raw(c, sink);
    } else {
      if (committed_ == end_) output.note_line_begin();
      echo_character(c, sink);
    }
  }
  if (c == 0xff && has_input_flag(kParMrk)) store(c);  // so that a marked error cannot be mistaken (termios(3))
  store(c);
}

bool LineDiscipline::handle_flow_control(std::uint8_t c, Sink& sink) {
  // One character for both (stty start ^S) starts: Linux looks at it first.
  if (is(kVStart, c)) {
    sink.start_output();
  } else if (is(kVStop, c)) {
    sink.stop_output();
  } else {
    return false;
  }
  return true;
}

bool LineDiscipline::handle_signal(std::uint8_t c, Sink& sink) {
  const int number = is(kVIntr, c) ? kInterruptSignal : is(kVQuit, c) ? kQuitSignal : is(kVSusp, c) ? kStopSignal : 0;
  if (number == 0) return false;
  sink.signal(number);
  if (!has(kNoFlsh)) {
    sink.flush_output();
    flush();
  }
  if (has_input_flag(kIXOn)) sink.start_output();
  if (has(kEcho)) echo_character(c, sink);
  return true;
}

bool LineDiscipline::handle_editing(std::uint8_t c, Sink& sink) {
  if (is(kVErase, c) || is(kVKill, c) || (has(kIExten) && is(kVWordErase, c))) {
    erase(c, sink);
  } else if (has(kIExten) && is(kVLiteralNext, c)) {
    literal_next_ = true;
    if (has(kEcho)) {
      finish_erasing(sink);
      if (has(kEchoCtl)) {
        echo_raw('^', sink);
        echo_raw('\b', sink);
      }
    }
  } else if (has(kIExten) && has(kEcho) && is(kVReprint, c)) {
    finish_erasing(sink);
    echo_character(c, sink);
    echo_raw('\n', sink);
    for (std::size_t i = committed_; i != end_; ++i) echo_character(character_at(i), sink);
  } else if (c == '\n') {
    if (has(kEcho) || has(kEchoNl)) echo_raw(c, sink);
    end_line(c);
  } else if (is(kVEof, c)) {
    end_line(0);
  } else if (is(kVEol, c) || (has(kIExten) && is(kVEol2, c))) {
    if (has(kEcho)) {
      if (committed_ == end_) output.note_line_begin();
      echo_character(c, sink);
    }
    if (c == 0xff && has_input_flag(kParMrk)) store(c);
    end_line(c);
  } else {
    return false;
  }
  return true;
}

// One place always stays for what ends the line, so that a line that is too long can still be finished.
void LineDiscipline::store(std::uint16_t entry) {
  if (end_ - read_ >= kCapacity - (entry & kEnd ? 0 : 1)) return;
  at(end_++) = entry;
}

void LineDiscipline::end_line(std::uint8_t c) {
  store(static_cast<std::uint16_t>(c | kEnd));
  committed_ = end_;
}

std::size_t LineDiscipline::room() const {
  const std::size_t used = end_ - read_;
  if (used < kCapacity - 1) return kCapacity - 1 - used;
  return has(kICanon) && committed_ == read_ ? 1 : 0;
}

void LineDiscipline::erase(std::uint8_t typed, Sink& sink) {
  if (end_ == committed_) return;
  const bool by_erase = is(kVErase, typed);
  const bool word = !by_erase && has(kIExten) && is(kVWordErase, typed);
  if (!by_erase && !word) {
    if (!has(kEcho)) {
      end_ = committed_;
      return;
    }
    if (!has(kEchoK) || !has(kEchoKe) || !has(kEchoE)) return kill_line(sink);
  }
  bool in_word = false;
  while (end_ != committed_) {
    // In UTF-8 the character is all bytes back to the one that starts it.
    std::size_t begin = end_;
    do {
      --begin;
    } while (continues(character_at(begin)) && begin != committed_);
    const std::uint8_t c = character_at(begin);
    if (continues(c)) break;
    if (word) {
      if (is_alphanumeric(c) || c == '_') {
        in_word = true;
      } else if (in_word) {
        break;
      }
    }
    const std::size_t old_end = end_;
    end_ = begin;
    if (has(kEcho)) echo_erased(c, old_end, by_erase, sink);
    if (by_erase) break;
  }
  if (end_ == committed_ && has(kEcho)) finish_erasing(sink);
}

void LineDiscipline::kill_line(Sink& sink) {
  end_ = committed_;
  finish_erasing(sink);
  echo_character(settings.characters[kVKill], sink);
  if (has(kEchoK)) echo_raw('\n', sink);
}

// `c`, which begins what was in [end_, old_end).
void LineDiscipline::echo_erased(std::uint8_t c, std::size_t old_end, bool by_erase, Sink& sink) {
  if (has(kEchoPrt)) {
    if (!erasing_) {
      echo_raw('\\', sink);
      erasing_ = true;
    }
    echo_character(c, sink);
    for (std::size_t i = end_ + 1; i != old_end; ++i) {
      echo_raw(character_at(i), sink);
      output.go_back();
    }
  } else if (by_erase && !has(kEchoE)) {
    echo_character(settings.characters[kVErase], sink);
  } else if (c == '\t') {
    echo_erased_tab(sink);
  } else {
    const unsigned width = is_control(c) ? (has(kEchoCtl) ? 2 : 0) : 1;
    for (unsigned i = 0; i < width; ++i) {
      for (const char part : {'\b', ' ', '\b'}) echo_raw(static_cast<std::uint8_t>(part), sink);
    }
  }
}

// Back over as many columns as the tab was wide: counted from the tab before it, or from where the line began.
void LineDiscipline::echo_erased_tab(Sink& sink) {
  unsigned columns = 0;
  bool after_tab = false;
  for (std::size_t i = end_; i != committed_;) {
    const std::uint8_t c = character_at(--i);
    if (c == '\t') {
      after_tab = true;
      break;
    }
    if (is_control(c)) {
      if (has(kEchoCtl)) columns += 2;
    } else if (!continues(c)) {
      ++columns;
    }
  }
  if (!after_tab) columns += output.line_begin();
  for (unsigned i = 8 - (columns & 7); i != 0; --i) {
    constexpr char kBack = '\b';
    sink.echo({&kBack, 1});
    output.go_back();
  }
}

void LineDiscipline::finish_erasing(Sink& sink) {
  if (!erasing_) return;
  erasing_ = false;
  echo_raw('/', sink);
}

void LineDiscipline::echo_raw(std::uint8_t c, Sink& sink) {
  char text[OutputProcessor::kMostPerCharacter];
  if (const std::size_t count = output.process(settings, c, text)) sink.echo({text, count});
}

void LineDiscipline::echo_character(std::uint8_t c, Sink& sink) {
  if (!has(kEchoCtl) || !is_control(c) || c == '\t') return echo_raw(c, sink);
  const char text[2] = {'^', static_cast<char>(c ^ 0x40)};
  sink.echo(text);
  output.advance(2);
}

bool LineDiscipline::readable(std::size_t minimum) const {
  return canonical() ? read_ != committed_ : end_ - read_ >= minimum;
}

std::size_t LineDiscipline::available() const {
  if (!canonical()) return end_ - read_;
  std::size_t count = 0;
  for (std::size_t i = read_; i != committed_; ++i) count += at(i) != kEnd;
  return count;
}

std::size_t LineDiscipline::read(std::span<std::byte> out, bool& ended) {
  const bool lines = canonical();
  const std::size_t limit = lines ? committed_ : end_;
  std::size_t count = 0;
  ended = false;
  while (read_ != limit && count != out.size()) {
    const std::uint16_t entry = at(read_++);
    ended = lines && (entry & kEnd);
    if (!ended || entry != kEnd) out[count++] = static_cast<std::byte>(entry);
    if (ended) break;
  }
  if (committed_ - read_ > end_ - read_) committed_ = read_;  // read past it in non-canonical mode
  return count;
}

void LineDiscipline::skip_end_of_file() {
  if (canonical() && read_ != committed_ && at(read_) == kEnd) ++read_;
}

void LineDiscipline::flush() {
  read_ = committed_ = end_;
  literal_next_ = erasing_ = false;
}

void LineDiscipline::settings_changed(const Termios& old, Sink& sink) {
  if ((old.local_flags ^ settings.local_flags) & (kICanon | kExtProc)) {
    // What was typed so far is one line from now on, or no lines at all.
    for (std::size_t i = read_; i != end_; ++i) at(i) &= 0xff;
    committed_ = read_;
    if (has(kICanon) && end_ != read_) {
      at(end_ - 1) |= kEnd;
      committed_ = end_;
    }
    literal_next_ = erasing_ = false;
  }
  if (!has_input_flag(kIXOn) && (old.input_flags & kIXOn)) sink.start_output();
}

}  // namespace kernel::tty
