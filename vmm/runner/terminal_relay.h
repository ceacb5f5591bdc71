// The terminal of a namespaced payload (-t): a pseudo-terminal (pty(7)) of the container's own, whose master husk holds.
// What the user types is copied in, what the payload writes is copied out, and the caller's terminal is raw meanwhile
// (vmm/terminal.h). So the payload has no way to the caller's terminal: what it does to its own, modes, foreground group
// and stops (^Z) among them, ends with it. A micro-VM's terminal is the same (docs/devices.md); runc and docker do it
// like this as well.
//
// No more is taken from either side than the other has taken, so nothing is lost, and a paste waits in the terminal.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "common/unique_fd.h"
#include "devices/input_stream.h"
#include "devices/output_stream.h"
#include "vmm/terminal.h"

namespace husk::runner {

// For the child, in the container's mount namespace with its devpts: makes the pseudo-terminal, of the size of the
// caller's, has it as /dev/console, and makes it the three standard streams. Returns the master. Throws husk::Error.
UniqueFd open_own_terminal();
// Makes standard input the controlling terminal of a new session, and gives it to the payload's user (runc,
// fixStdioPermissions).
void lead_session_on_terminal(uid_t owner);

class TerminalRelay {
 public:
  // What poll(2) is to look at.
  static constexpr std::size_t kDescriptors = 3;

  // Makes the caller's terminal, which is standard input, raw. Throws husk::Error.
  explicit TerminalRelay(UniqueFd master);
  TerminalRelay(const TerminalRelay&) = delete;
  TerminalRelay& operator=(const TerminalRelay&) = delete;

  void prepare(std::span<pollfd, kDescriptors> events) const;
  // Returns the signal that what was typed just now (^C, ^\) makes the terminal send to `group`, if to that.
  std::optional<int> move(std::span<const pollfd, kDescriptors> events, pid_t group);

  // The payload's window gets the size of the caller's, and the payload SIGWINCH.
  void take_window_size() const;

  // For a payload that has ended: gives the user what it wrote, as far as standard output takes it. Whether that is all.
  bool drained();

 private:
  // Bytes on their way in one direction.
  class Buffer {
   public:
    bool empty() const { return bytes_.empty(); }
    std::span<std::byte> room() { return storage_; }
    void filled(std::size_t count) { bytes_ = std::span(storage_).first(count); }
    std::span<const std::byte> bytes() const { return bytes_; }
    void consume(std::size_t count) { bytes_ = bytes_.subspan(count); }

   private:
    std::array<std::byte, 4096> storage_;
    std::span<const std::byte> bytes_;
  };

  void take_input();
  std::optional<int> give_input();
  bool take_output();  // whether there was some
  void give_output();

  UniqueFd master_;
  UniqueFd slave_;  // so that there is no hang-up when no process has it open for a while
  InputStream input_;
  OutputStream output_;
  Buffer to_payload_;
  Buffer to_user_;
  bool literal_next_ = false;  // the last byte was ^V
  RawTerminal raw_;
};

}  // namespace husk::runner
