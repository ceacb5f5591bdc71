// Writes to a descriptor that husk inherited (stdout, stderr, a terminal) without blocking and without touching its
// flags: O_NONBLOCK belongs to the open file description, which other processes share.
//
// How a write is kept from blocking depends on what the descriptor is:
//   regular file, /dev/null   never waits for a reader: everything at once
//   socket                    MSG_DONTWAIT
//   pipe                      poll says that one page is free, and a write of at most PIPE_BUF bytes then fits. Should
//                             another process fill the pipe in between, the write waits for the reader after all.
//   terminal and the rest     poll, then a small write; a terminal that is stopped just then (^S) makes it wait.
//
// A write that waits all the same ends when a signal comes, with kWouldBlock: whoever called has a signal to look at,
// and what is left can wait for the event loop like the rest of any other write.
//
// The process must ignore SIGPIPE and SIGXFSZ: a reader that is gone (kHungUp) and a file that may not grow any more
// (kFileTooLarge) are answers, not reasons to die.
//
// Threading: none of its own; its owner's lock guards it. Errors: an answer, never an exception.
#pragma once

#include <cstddef>
#include <span>

#include "devices/stream_status.h"

namespace husk {

class OutputStream {
 public:
  using Status = StreamStatus;
  struct Result {
    std::size_t written = 0;  // bytes taken, whatever the status
    Status status = Status::kOk;
  };

  explicit OutputStream(int fd);  // does not own `fd`

  int fd() const { return fd_; }

  // Writes the bytes of `segments` from `offset` on until `most` are written, or all, or the descriptor takes no more.
  Result write(std::span<const std::span<const std::byte>> segments, std::size_t offset, std::size_t most);

 private:
  enum class Kind { kNeverWaits, kSocket, kPipe, kOther };

  static Kind kind_of(int fd);
  bool ready() const;
  long write_step(std::span<const std::byte> bytes) const;

  int fd_;
  Kind kind_;
};

}  // namespace husk
