// The terminal line discipline (N_TTY): turns what is typed into what is read. Lines with erase and kill in canonical
// mode, characters as they come otherwise; signals and flow control from control characters; the echo (termios(3)).
// Consoles and pseudo-terminals share it. What termios(3) leaves open is as Linux's n_tty has it.
//
// It only computes: no device, no task. Its owner passes characters in and acts on what it reports through the Sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tty/output_processor.h"
#include "tty/termios.h"

namespace kernel::tty {

class LineDiscipline {
 public:
  class Sink {
   public:
    virtual void echo(std::span<const char> characters) = 0;  // as they are to appear, output processing done
    virtual void signal(int number) = 0;                      // to the foreground process group
    virtual void stop_output() = 0;                           // ^S
    virtual void start_output() = 0;                          // ^Q, or anything with IXANY; it may not be stopped
    virtual void flush_output() = 0;                          // a signal drops what has not been taken yet

   protected:
    ~Sink() = default;
  };

  static constexpr std::size_t kCapacity = 4096;  // a line's limit, as on Linux

  constexpr explicit LineDiscipline(std::span<std::uint16_t, kCapacity> storage) : buffer_(storage) {}

  Termios settings;
  OutputProcessor output;

  void receive(std::uint8_t character, Sink& sink);

  // How many characters may come now, so that none is lost that Linux would keep. 0: not before somebody reads. A line
  // that is too long is still asked to go on, one character at a time, which is lost unless it ends, edits or signals:
  // nobody could read the line otherwise.
  std::size_t room() const;

  // Whether reads end at the ends of lines.
  bool canonical() const { return (settings.local_flags & (kICanon | kExtProc)) == kICanon; }
  // Whether a read would deliver something: a line, the end of file, or in non-canonical mode so many characters.
  bool readable(std::size_t minimum = 1) const;
  // Grows with each line that ends.
  std::size_t ended_up_to() const { return committed_; }
  // FIONREAD: what reads could deliver now; in canonical mode, of all finished lines.
  std::size_t available() const;
  // Takes up to out.size() characters, no further than the end of a line, and says in `ended` whether it came there:
  // then, and with nothing to take, the read is complete.
  std::size_t read(std::span<std::byte> out, bool& ended);
  // A read was filled to the last byte by what precedes an end of file, which then is a part of it.
  void skip_end_of_file();
  void flush();  // drops all input
  // After a change of settings.
  void settings_changed(const Termios& old, Sink& sink);

 private:
  static constexpr std::uint16_t kEnd = 0x100;  // the mark of what ends a line; of a NUL, that it ends the file

  bool has(std::uint32_t local_flag) const { return settings.local_flags & local_flag; }
  bool has_input_flag(std::uint32_t flag) const { return settings.input_flags & flag; }
  bool is(ControlCharacter which, std::uint8_t character) const;
  bool continues(std::uint8_t c) const { return has_input_flag(kIUtf8) && is_utf8_continuation(c); }
  std::uint16_t& at(std::size_t position) { return buffer_[position % kCapacity]; }
  std::uint16_t at(std::size_t position) const { return buffer_[position % kCapacity]; }
  std::uint8_t character_at(std::size_t position) const { return static_cast<std::uint8_t>(at(position)); }

  bool handle_flow_control(std::uint8_t character, Sink& sink);
  bool handle_signal(std::uint8_t character, Sink& sink);
  bool handle_editing(std::uint8_t character, Sink& sink);
  void accept(std::uint8_t character, Sink& sink, bool as_typed);
  void store(std::uint16_t entry);
  void end_line(std::uint8_t character);
  void erase(std::uint8_t character, Sink& sink);
  void kill_line(Sink& sink);
  void echo_erased(std::uint8_t character, std::size_t end, bool by_erase, Sink& sink);
  void echo_erased_tab(Sink& sink);
  void echo_raw(std::uint8_t character, Sink& sink);
  void echo_character(std::uint8_t character, Sink& sink);
  void finish_erasing(Sink& sink);

  // Positions in the stream of characters; those in [read_, committed_) are readable in canonical mode, those in
  // [committed_, end_) are the line being typed.
  std::size_t read_ = 0;
  std::size_t committed_ = 0;
  std::size_t end_ = 0;
  bool literal_next_ = false;
  bool erasing_ = false;                        // between the \ and the / of ECHOPRT
  std::span<std::uint16_t, kCapacity> buffer_;  // characters, with the mark above
};

}  // namespace kernel::tty
