// Reads from a descriptor that husk inherited (stdin, a terminal) without waiting and without touching its flags:
// O_NONBLOCK belongs to the open file description, which other processes share. Takes no byte more than it is asked for:
// what is left belongs to whoever reads the same file next.
//
// How a read is kept from waiting depends on what the descriptor is:
//   regular file, /dev/null   never waits for a writer
//   pipe, socket              RWF_NOWAIT (preadv2(2)). A kernel that does not know it for pipes (before Linux 6.5) is
//                             asked with poll first, as is
//   terminal and the rest     Should another process take the input in between, the read waits for more after all.
//
// A read that waits all the same ends when a signal comes, with kWouldBlock.
//
// Threading: none of its own; its owner's lock guards it. Errors: an answer, never an exception.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "devices/stream_status.h"

namespace husk {

class InputStream {
 public:
  struct Result {
    std::size_t received = 0;
    StreamStatus status = StreamStatus::kOk;  // kOk and nothing received: the end of the file
  };

  explicit InputStream(int fd);  // does not own `fd`

  int fd() const { return fd_; }

  // Whether a read would return at once, be it with an error.
  bool ready() const;
  // One read into `segments`, in order.
  Result read(std::span<const iovec> segments);

 private:
  enum class Kind { kNeverWaits, kCanRefuse, kOther };

  static Kind kind_of(int fd);

  int fd_;
  Kind kind_;
};

}  // namespace husk
