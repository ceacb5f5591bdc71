#include "fs/splice.h"

#include <algorithm>
#include <utility>

#include "fs/file_copy.h"
#include "fs/pipe.h"

namespace kernel::fs {

namespace {

// A device moves no offset: where it reads or writes is all the same.
void advance(const File& file, CopyOffset offset, std::size_t count) {
  if (offset && file.inode().type() != FileType::kCharDevice) *offset += count;
}

// A read would not wait.
constexpr std::uint32_t kReadEnds = kPollReadable | kPollErr | kPollHup;

Result<std::size_t> read_from(File& in, CopyOffset offset, mm::IoBuffer& buffer) {
  const std::size_t count = TRY(offset ? in.read_at(*offset, buffer) : in.read(buffer));
  advance(in, offset, count);
  return count;
}

Result<std::size_t> write_to(File& out, CopyOffset offset, mm::IoBuffer& buffer) {
  const std::size_t count = TRY(offset ? out.write_at(*offset, buffer) : out.write(buffer));
  advance(out, offset, count);
  return count;
}

// SPLICE_F_NONBLOCK is for the pipe, and for a socket that is read (splice(2)): it does not wait in this one call. Nobody
// else sees the flag, since what does not wait does not let others run.
class DoNotWaitForSocket {
 public:
  DoNotWaitForSocket(File& in, bool wanted)
      : in_(in), set_(wanted && in.kind() == FileKind::kSocket && !in.non_blocking()) {
    if (set_) in.set_flags(in.flags() | kNonBlock);
  }
  DoNotWaitForSocket(const DoNotWaitForSocket&) = delete;
  DoNotWaitForSocket& operator=(const DoNotWaitForSocket&) = delete;
  ~DoNotWaitForSocket() {
    if (set_) in_.set_flags(in_.flags() & ~kNonBlock);
  }

 private:
  File& in_;
  bool set_;
};

// A slot of a pipe kept for what is still being read, which may take its time.
class SlotReservation {
 public:
  explicit SlotReservation(Pipe& pipe) : pipe_(pipe) { pipe_.ring.reserve(); }
  SlotReservation(const SlotReservation&) = delete;
  SlotReservation& operator=(const SlotReservation&) = delete;
  ~SlotReservation() {
    if (used_) return;
    pipe_.ring.end_reservation();
    pipe_.changed.wake(kPollWritable);
  }
  void fill(mm::FrameRef frame, std::size_t length) {
    used_ = true;
    pipe_.ring.end_reservation();
    pipe_.ring.push(std::move(frame), length);
    pipe_.added_bytes();
  }

 private:
  Pipe& pipe_;
  bool used_ = false;
};

// The front of a pipe kept for one reader, who may sleep before he knows how much of it he takes.
class FrontLock {
 public:
  explicit FrontLock(Pipe& pipe) : pipe_(pipe) { pipe_.front_is_taken = true; }
  FrontLock(const FrontLock&) = delete;
  FrontLock& operator=(const FrontLock&) = delete;
  ~FrontLock() {
    pipe_.front_is_taken = false;
    pipe_.changed.wake(kPollReadable);
  }

 private:
  Pipe& pipe_;
};

// As much as the pipe has room for now, once it has room at all.
Result<std::size_t> file_to_pipe(File& in, CopyOffset offset, Pipe& out, std::size_t count, bool non_blocking) {
  TRY(out.wait_for_room(non_blocking));
  const DoNotWaitForSocket no_waiting(in, non_blocking);
  // Of a file that has pages a slot takes one of these, so that an offset inside one fills less than a slot, as on Linux.
  const bool has_pages = in.inode().is_regular() && in.memory_object().ok();
  std::size_t moved = 0;
  while (moved < count && !out.ring.full()) {
    SlotReservation slot(out);
    auto made = out.ring.new_frame();
    if (!made) return moved_or(moved, made.error());
    mm::FrameRef frame = made.take();
    // Of a socket the flag goes for the socket, too; of other files it does not (net/unix/af_unix.c).
    if (non_blocking && in.kind() == FileKind::kSocket && !(in.readiness().events & kReadEnds)) {
      return moved_or(moved, Errno::kAgain);
    }
    const std::size_t in_page = has_pages ? (offset ? *offset : in.offset()) % mm::kPageSize : 0;
    const std::size_t wanted = std::min(mm::kPageSize - in_page, count - moved);
    mm::IoBuffer buffer = mm::IoBuffer::kernel({frame.data(), wanted});
    auto got = read_from(in, offset, buffer);
    if (!got) return moved_or(moved, got.error());
    if (got.value() == 0) break;
    slot.fill(std::move(frame), got.value());
    moved += got.value();
    // A stream that is asked a second time may have nothing more and wait.
    if (got.value() < wanted || in.is_stream()) break;
  }
  return moved;
}

// All that is in the pipe, once there is something.
Result<std::size_t> pipe_to_file(Pipe& in, File& out, CopyOffset offset, std::size_t count, bool non_blocking) {
  std::size_t moved = 0;
  while (moved < count) {
    if (moved > 0 && in.ring.empty()) break;
    auto some = in.wait_for_bytes(non_blocking);
    if (!some) return moved_or(moved, some.error());
    if (!some.value()) break;
    const FrontLock lock(in);
    const RingSlot& slot = in.ring.front();
    mm::IoBuffer buffer = mm::IoBuffer::kernel_source({slot.data(), std::min<std::size_t>(slot.length, count - moved)});
    auto put = write_to(out, offset, buffer);
    if (!put) return moved_or(moved, put.error());
    if (put.value() == 0) break;
    // Looked up again: the ring may have been resized meanwhile. Its front is the same, since nobody else took it.
    const bool was_full = in.ring.full();
    in.ring.consume(put.value());
    in.took_bytes(was_full);
    moved += put.value();
  }
  return moved;
}

// Until there are bytes in one and room in the other. `some` is false at the end of the input.
Result<void> wait_for_both(Pipe& in, Pipe& out, bool non_blocking, bool& some) {
  for (;;) {
    some = TRY(in.wait_for_bytes(non_blocking));
    if (!some && out.readers > 0) return {};
    TRY(out.wait_for_room(non_blocking));
    // Whoever came meanwhile may have taken what was there.
    if (!some || (!in.ring.empty() && !in.front_is_taken)) return {};
  }
}

Result<std::size_t> pipe_to_pipe(Pipe& in, Pipe& out, std::size_t count, bool non_blocking) {
  bool some = false;
  TRY(wait_for_both(in, out, non_blocking, some));
  std::size_t moved = 0;
  const bool was_full = in.ring.full();
  while (moved < count && !in.ring.empty() && !in.front_is_taken && !out.ring.full()) {
    const RingSlot& slot = in.ring.front();
    const std::size_t part = std::min<std::size_t>(slot.length, count - moved);
    out.ring.push_shared(slot, part);
    in.ring.consume(part);
    moved += part;
  }
  if (moved == 0) return 0;
  in.took_bytes(was_full);
  out.added_bytes();
  return moved;
}

}  // namespace

bool is_pipe_like(File& file) {
  return file.inode().type() == FileType::kFifo && !file.is_path_only();
}

Result<std::size_t> splice(File& in, CopyOffset in_offset, File& out, CopyOffset out_offset, std::size_t count,
                           bool non_blocking) {
  if (!in.readable() || !out.writable()) return Errno::kBadF;
  const bool from_pipe = is_pipe_like(in);
  const bool to_pipe = is_pipe_like(out);
  if ((from_pipe && in_offset) || (to_pipe && out_offset)) return Errno::kSPipe;
  if (!from_pipe && !to_pipe) return Errno::kInval;
  if ((in_offset && in.is_stream()) || (out_offset && out.is_stream())) return Errno::kInval;
  if (!to_pipe && ((out.flags() & kAppend) || !out.can_splice(Direction::kWrite))) return Errno::kInval;
  if (!from_pipe && !in.can_splice(Direction::kRead)) return Errno::kInval;
  count = std::min(count, kTransferMax);
  Pipe* source = pipe_of(in);
  Pipe* target = pipe_of(out);
  if (source && source == target) return Errno::kInval;
  non_blocking |= (from_pipe && in.non_blocking()) || (to_pipe && out.non_blocking());
  if (source && target) return pipe_to_pipe(*source, *target, count, non_blocking);
  if (source) return pipe_to_file(*source, out, out_offset, count, non_blocking);
  if (target) return file_to_pipe(in, in_offset, *target, count, non_blocking);
  return FileCopy(in, in_offset, out, out_offset).once(count);
}

Result<std::size_t> tee(File& in, File& out, std::size_t count, bool non_blocking) {
  if (!in.readable() || !out.writable()) return Errno::kBadF;
  Pipe* source = pipe_of(in);
  Pipe* target = pipe_of(out);
  if (!source || !target || source == target) return Errno::kInval;
  bool some = false;
  TRY(wait_for_both(*source, *target, non_blocking || in.non_blocking() || out.non_blocking(), some));
  std::size_t copied = 0;
  for (std::size_t i = 0; i < source->ring.used() && copied < count && !target->ring.full(); ++i) {
    const RingSlot& slot = source->ring.at(i);
    const std::size_t part = std::min<std::size_t>(slot.length, count - copied);
    target->ring.push_shared(slot, part);
    copied += part;
  }
  if (copied > 0) target->added_bytes();
  return copied;
}

Result<std::size_t> splice_memory(File& file, mm::IoBuffer& buffer, bool non_blocking) {
  Pipe* pipe = pipe_of(file);
  if (!pipe) return Errno::kBadF;
  if (buffer.remaining() == 0) return 0;
  if (!file.writable()) {
    return mm::across_waits(
        buffer,
        [&](std::size_t) -> Result<std::size_t> {
          if (!TRY(pipe->wait_for_bytes(non_blocking))) return 0;
          const bool was_full = pipe->ring.full();
          const std::size_t count = TRY(pipe->ring.take(buffer));
          pipe->took_bytes(was_full);
          return count;
        },
        mm::OnceMoved::kReturn);
  }
  return mm::across_waits(
      buffer,
      [&](std::size_t) -> Result<std::size_t> {
        TRY(pipe->wait_for_room(non_blocking));
        std::size_t moved = 0;
        while (buffer.remaining() > 0 && !pipe->ring.full()) {
          auto added = pipe->ring.append(buffer, false);
          if (!added) return moved_or(moved, added.error());
          moved += added.value();
          pipe->added_bytes();
        }
        return moved;
      },
      mm::OnceMoved::kReturn);
}

}  // namespace kernel::fs
