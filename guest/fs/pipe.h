// Pipes and FIFOs: pipe(7), fifo(7). One ring of slots (fs/byte_ring.h) between writers and readers.
#pragma once

#include <cstdint>

#include "fs/byte_ring.h"
#include "fs/file.h"
#include "task/wait_queue.h"

namespace kernel::fs {

class Pipe final : public RefCounted {
 public:
  static Result<Ref<Pipe>> create();

  // For who moves bytes: waits until there are some, or room for some. `non_blocking`: kAgain instead. What they return
  // for is true when they return, and until the caller sleeps.
  // False: nothing is there, and nobody is left who could write more.
  Result<bool> wait_for_bytes(bool non_blocking);
  // kPipe, with SIGPIPE: nobody is left who could read.
  Result<void> wait_for_room(bool non_blocking);

  void took_bytes(bool was_full) {
    if (was_full && !ring.full()) changed.wake(kPollWritable);
  }
  void added_bytes() { changed.wake(kPollReadable); }

  ByteRing ring;
  unsigned readers = 0;
  unsigned writers = 0;
  unsigned reader_opens = 0;  // ever, so that open(2) of a FIFO sees an end that came and went
  unsigned writer_opens = 0;
  bool front_is_taken = false;  // by a splice(2) that sleeps while it writes what is at the front elsewhere
  task::WaitQueue changed;      // bytes came (kPollReadable), room came (kPollWritable), or an end went (anything)
  task::WaitQueue used;         // for owners (O_ASYNC): somebody read (kPollOut) or wrote (kPollIn), or an end went
  task::WaitQueue opened;       // an end of a FIFO was opened
};

struct PipeEnds {
  Ref<File> reader;
  Ref<File> writer;
};

// pipe2(2). `flags`: O_NONBLOCK of both ends, O_DIRECT: packets.
Result<PipeEnds> make_pipe(std::uint32_t flags);

// Opens a FIFO by name; blocks until the other side is open, too, as fifo(7) says. A pipe that has no name but in
// /proc/PID/fd is opened at once, whoever has it open.
Result<Ref<File>> open_fifo(const Path& path, std::uint32_t flags);

// What the file is an end of, or null.
Pipe* pipe_of(File& file);

// F_GETPIPE_SZ and F_SETPIPE_SZ; kBadF if the file is no pipe.
Result<std::size_t> pipe_capacity(File& file);
Result<std::size_t> set_pipe_capacity(File& file, std::uint32_t size);

}  // namespace kernel::fs
