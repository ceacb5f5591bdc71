// The terminal line discipline (N_TTY): turns what is typed into what is read. Lines with erase and kill in canonical
// mode, characters as they come otherwise; signals from control characters; the echo (termios(3)).
//
// It only computes: no device, no task. Its owner passes characters in and acts on what it reports through the Sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/termios.h"

namespace kernel::drivers {

class LineDiscipline {
 public:
  class Sink {
   public:
    virtual void echo(std::span<const char> characters) = 0;
    virtual void signal(int number) = 0;  // to the foreground process group

   protected:
    ~Sink() = default;
  };

  static constexpr std::size_t kCapacity = 4096;  // a line's limit, as on Linux

  constexpr explicit LineDiscipline(std::span<std::uint16_t, kCapacity> storage) : buffer_(storage) {}

  Termios settings;

  void receive(std::uint8_t character, Sink& sink);

  // How many characters may come now, so that none is lost that Linux would keep. 0: not before somebody reads. A line
  // that is too long is still asked to go on, one character at a time, which is lost unless it ends, edits or signals:
  // nobody could read the line otherwise.
  std::size_t room() const;

  // Whether a read would deliver something: a line, the end of file, or in non-canonical mode one character.
  bool readable() const;
  // Characters that a read could deliver now: FIONREAD and VMIN. Canonical mode: of the first line.
  std::size_t available() const;
  // Takes up to out.size() characters, no further than the end of a line. 0 means end of file, if readable().
  std::size_t read(std::span<std::byte> out);
  void flush();  // drops all input
  // After a change of settings: where canonical mode begins or ends, what was typed so far becomes readable.
  void settings_changed(bool was_canonical);

 private:
  static constexpr std::uint16_t kEndOfLine = 0x100;
  static constexpr std::uint16_t kEndOfFile = 0x200;

  bool canonical() const { return settings.local_flags & kICanon; }
  bool has(std::uint32_t local_flag) const { return settings.local_flags & local_flag; }
  bool is(ControlCharacter which, std::uint8_t character) const;
  std::uint16_t& at(std::size_t position) { return buffer_[position % kCapacity]; }
  std::uint16_t at(std::size_t position) const { return buffer_[position % kCapacity]; }

  bool handle_signal(std::uint8_t character, Sink& sink);
  bool handle_editing(std::uint8_t character, Sink& sink);
  void store(std::uint16_t entry);
  void erase_character(Sink& sink);
  void echo_character(std::uint8_t character, Sink& sink) const;
  std::size_t echo_width(std::uint8_t character) const;

  // Positions in the stream of characters; those in [read_, committed_) are readable in canonical mode, those in
  // [committed_, end_) are the line being typed.
  std::size_t read_ = 0;
  std::size_t committed_ = 0;
  std::size_t end_ = 0;
  bool literal_next_ = false;
  std::span<std::uint16_t, kCapacity> buffer_;  // characters, with the marks above
};

}  // namespace kernel::drivers
