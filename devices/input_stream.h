// Reads from a descriptor that husk inherited (stdin, a terminal) without waiting and without touching its flags:
// O_NONBLOCK belongs to the open file description, which other processes share. Takes no byte more than it is asked for:
// what is left belongs to whoever reads the same file next.
//
// How a read is kept from waiting depends on what the descriptor is:
//   pipe, socket   RWF_NOWAIT (preadv2(2)); where the kernel does not know it for them (before Linux 6.5, fifo(7)), as
//   the rest       poll(2) first. Should another process take the input in between, the read waits for more after all.
//                  Files are asked as well: some that look like regular ones or like /dev/null wait for what is still to
//                  be written (/dev/kmsg, /proc/kmsg, trace_pipe), and poll(2) knows.
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
  int fd_;
  bool can_refuse_;  // RWF_NOWAIT, as far as is known
};

}  // namespace husk
