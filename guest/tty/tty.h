// A terminal (termios(3), ioctl_tty(2), credentials(7)): a line discipline, a window size, flow control, job control and
// hanging up. What carries its characters is a kind of it: the console's device (console_tty.h), or the master of a
// pseudo-terminal (pty.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/poll.h"
#include "lib/result.h"
#include "mm/io_buffer.h"
#include "task/session.h"
#include "task/wait_queue.h"
#include "tty/line_discipline.h"

namespace kernel::tty {

inline constexpr std::size_t kPendingEcho = 1024;  // echo that waits for the output to go on; more is lost

// Apart from the terminal, so that the console's lie in bss: pages that cost nothing until somebody types.
struct Buffers {
  std::uint16_t line[LineDiscipline::kCapacity];
  char echo[kPendingEcho];
};

// By what a terminal is used: an open file, as it is at the moment.
struct Opening {
  std::uint32_t flags = 0;
  std::uint32_t hang_ups = 0;  // how many there had been when it was opened: one more has ended it
  bool master = false;         // the master side of the pseudo-terminal
  bool non_blocking() const;
};

// One reader and one writer of a side at a time, so that nobody gets another's characters and the pieces of two writes do
// not mix. Whoever has the turn may wait for the other side, so waiting for the turn is like waiting for that.
class Turn {
 public:
  static Result<void> wait(const bool& taken, task::WaitQueue& changed, bool non_blocking) {
    if (!taken) return {};
    if (non_blocking) return Errno::kAgain;
    return changed.wait_until([&] { return !taken; });
  }
  Turn(bool& taken, task::WaitQueue& changed) : taken_(taken), changed_(changed) { taken_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    taken_ = false;
    changed_.wake_all();
  }

 private:
  bool& taken_;
  task::WaitQueue& changed_;
};

class Tty : public task::ControllingTerminal, protected LineDiscipline::Sink {
 public:
  // A session leader without a terminal gets one that has no session, unless it says O_NOCTTY or cannot read it.
  Result<void> open(std::uint32_t flags, bool take_control);
  virtual void close() {}

  Result<std::size_t> read(mm::IoBuffer& buffer, const Opening& by);
  Result<std::size_t> write(mm::IoBuffer& buffer, const Opening& by);
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument, const Opening& by);
  std::uint32_t events(const Opening& by);
  virtual task::WaitQueue& changed() = 0;
  // For who asked to be told of input with a signal (O_ASYNC).
  task::WaitQueue& input_arrivals() { return input_arrivals_; }

  std::uint32_t hang_ups() const { return hang_ups_; }
  // Everybody who has it open loses it, and so does its session (vhangup(2)).
  void hang_up();

 protected:
  constexpr explicit Tty(Buffers& buffers) : line_(buffers.line), pending_echo_(buffers.echo) {}
  ~Tty() override;

  // --- what a kind does
  virtual Result<void> check_open() { return {}; }
  virtual Result<void> start() { return {}; }  // before it is used; again and again
  // Moves what has come from the other side into the line discipline, as far as there is room. Whatever makes room, or
  // may have, has to come here again.
  virtual void take_input() = 0;
  virtual bool gone() const { return false; }         // nothing will come any more: reads are at their end, writes fail
  virtual bool peer_closed() const { return false; }  // who waits for input then learns it as EIO
  // Sends what is written. Whole, unless something ends it: then as much as was sent.
  virtual Result<std::size_t> transmit(mm::IoBuffer& buffer, const Opening& by) = 0;
  virtual bool can_transmit() = 0;
  // A few characters, as they are; how many of them were taken. They may wait for flush_echo().
  virtual std::size_t emit(std::span<const char> characters) = 0;
  virtual void flush_echo() {}
  virtual void output_stopped(bool /*stopped*/) {}
  virtual void input_flushed() {}
  virtual void output_flushed() {}
  virtual Result<void> drain() { return {}; }  // until the output has gone
  virtual void settings_replaced(const Termios& /*old*/) {}
  virtual WindowSizeUser window_size() { return window_; }
  virtual void set_window_size(const WindowSizeUser& size) { window_ = size; }

  // LineDiscipline::Sink
  void echo(std::span<const char> characters) override;
  void signal(int number) override { signal_foreground(number); }
  void stop_output() override;
  void start_output() override;
  void flush_output() override;

  // After characters have come: n_tty_receive_buf() of Linux tells of each line, and of characters that are no line's.
  void tell_of_input(std::size_t lines_before);

  bool is_hung_up(const Opening& by) const { return by.hang_ups != hang_ups_; }
  bool stopped() const { return stopped_; }
  void send_pending_echo();

  LineDiscipline line_;
  WindowSizeUser window_{};

 private:
  // When a change of settings happens (TCSETS, TCSETSW, TCSETSF).
  enum class After : std::uint8_t { kNow, kOutput, kOutputAndFlush };

  Result<void> check_foreground(int signal);
  Result<void> check_foreground(const Opening& by, int signal);

  Result<std::uint64_t> settings_request(std::uint32_t request, std::uint64_t argument, const Opening& by);
  Result<std::uint64_t> session_request(std::uint32_t request, std::uint64_t argument, const Opening& by);
  Result<std::uint64_t> line_request(std::uint32_t request, std::uint64_t argument, const Opening& by);
  Result<void> set_settings(const Termios2& settings, After after, const Opening& by);
  Result<void> take_control(std::uint64_t argument, const Opening& by);
  Result<void> choose_foreground(std::uint64_t argument, const Opening& by);
  Result<void> flow(std::uint64_t argument);
  Result<void> flush(std::uint64_t argument);
  Result<void> insert(std::uint64_t argument);
  void go_on();

  task::WaitQueue input_arrivals_;
  std::span<char> pending_echo_;
  std::size_t pending_echo_size_ = 0;
  std::uint32_t hang_ups_ = 0;
  std::uint32_t input_speed_ = 38400;
  std::uint32_t output_speed_ = 38400;
  bool stopped_ = false;          // by ^S or by tcflow(3)
  bool stopped_by_call_ = false;  // then ^Q does not start it
  bool exclusive_ = false;
  Termios locked_{.input_flags = 0, .output_flags = 0, .control_flags = 0, .local_flags = 0, .characters = {}};
  bool reading_ = false;  // somebody is inside read(), write()
  bool writing_ = false;
};

}  // namespace kernel::tty
