#include "fs/file.h"

#include <algorithm>

#include "fs/locks.h"
#include "fs/notify.h"
#include "mm/address_space.h"
#include "task/exit.h"
#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// One call may move 2 GiB, which takes seconds. After so many bytes others may run.
constexpr std::size_t kPiece = std::size_t{64} << 10;
using mm::OnceMoved;
using OnceMoved::kReturn;

// What would go beyond the last offset that a file can have is refused, not cut (rw_verify_area() of Linux). Only files
// of addresses have offsets that are negative as such.
Result<void> check_end(std::uint64_t offset, const mm::IoBuffer& buffer) {
  const bool overflows =
      static_cast<std::int64_t>(offset) >= 0 && static_cast<std::int64_t>(offset + buffer.remaining()) < 0;
  return overflows ? Result<void>(Errno::kInval) : Result<void>();
}

}  // namespace

File::~File() {
  if (path_.dentry && path_.dentry->inode() && inode().locks) inode().locks->release_file(*this);
}

Result<FileOwner*> File::make_owner() {
  if (!owner_) owner_ = TRY(make_ref<FileOwner>(*this));
  return owner_.get();
}

void File::announce_open() {
  announced_ = true;
  notify(*this, kInOpen);
}

void File::last_reference_dropped() {
  if (owner_) owner_->stop();
  notify(*this, writable() ? kInCloseWrite : kInCloseNoWrite);
  while (CloseObserver* observer = close_observers_.pop_front()) observer->file_closed();
  RefCounted::last_reference_dropped();
}

// Moves the whole buffer with move(bytes moved before), in pieces between which other tasks run. What moves data here
// does not sleep: a stream is never moved in pieces.
template <typename Move>
Result<std::size_t> File::in_pieces(mm::IoBuffer& buffer, Move move) {
  const std::size_t total = buffer.remaining();
  if (total <= kPiece) return move(std::size_t{0});
  std::size_t done = 0;
  std::size_t step = kPiece;
  while (done < total) {
    const mm::IoBuffer::Piece piece(buffer, std::min(step, total - done));
    const std::size_t wanted = buffer.remaining();
    const std::size_t consumed = buffer.consumed();
    auto moved = move(done);
    if (!moved) return moved_or(done, moved.error());
    done += moved.value();
    // /dev/null does not look at what it is given: that takes no time, however much it is.
    if (buffer.consumed() == consumed) step = total;
    if (moved.value() < wanted || done == total) break;
    // Linux ends a long read of a device for any signal, and one of a regular file only for the end of the process.
    if (task::preemption_point() && (!inode().is_regular() || task::must_exit(task::current()))) break;
  }
  return done;
}

// One transfer, or one for each buffer of an iovec until one of them is not filled.
template <typename Move>
Result<std::size_t> File::stream(Direction direction, mm::IoBuffer& buffer, Move move_some, OnceMoved once_moved) {
  const auto move = [&] {
    return mm::across_waits(
        buffer, [&](std::size_t) { return move_some(); }, once_moved);
  };
  if (!takes_buffers_singly(direction)) return move();
  std::size_t done = 0;
  do {
    const std::size_t wanted = buffer.current_segment();
    const mm::IoBuffer::Piece piece(buffer, wanted);
    auto moved = move();
    if (!moved) return moved_or(done, moved.error());
    done += moved.value();
    if (moved.value() < wanted) break;
  } while (buffer.remaining() > 0);
  return done;
}

Result<std::size_t> File::read(mm::IoBuffer& buffer) {
  if (!readable()) return Errno::kBadF;
  buffer.limit(kTransferMax);
  if (is_stream()) {
    return stream(
        Direction::kRead, buffer, [&] { return do_read(0, buffer); }, kReturn);
  }
  const task::Mutex::Lock lock(position_mutex_);
  TRY(check_end(offset_, buffer));
  const std::size_t count = TRY(read_pieces(offset_, buffer));
  offset_ += count;
  return count;
}

Result<std::size_t> File::write(mm::IoBuffer& buffer, Append append) {
  if (!writable()) return Errno::kBadF;
  buffer.limit(kTransferMax);
  if (is_stream()) {
    return stream(
        Direction::kWrite, buffer, [&] { return do_write(0, buffer); }, OnceMoved::kGoOn);
  }
  const task::Mutex::Lock lock(position_mutex_);
  std::uint64_t position = offset_;
  TRY(check_end(position, buffer));
  const std::size_t count = TRY(write_pieces(position, buffer, append));
  offset_ = position + count;
  return count;
}

Result<std::size_t> File::read_at(std::uint64_t offset, mm::IoBuffer& buffer) {
  if (is_stream()) return Errno::kSPipe;
  if (!readable()) return Errno::kBadF;
  TRY(check_end(offset, buffer));
  buffer.limit(kTransferMax);
  return read_pieces(offset, buffer);
}

Result<std::size_t> File::write_at(std::uint64_t offset, mm::IoBuffer& buffer, Append append) {
  if (is_stream()) return Errno::kSPipe;
  if (!writable()) return Errno::kBadF;
  TRY(check_end(offset, buffer));
  buffer.limit(kTransferMax);
  return write_pieces(offset, buffer, append);
}

// No lock of the inode's: a read beside a write may see a part of it, as on most of Linux's file systems, and does not
// wait for the end of one of 2 GiB.
Result<std::size_t> File::read_pieces(std::uint64_t offset, mm::IoBuffer& buffer) {
  return mm::across_waits(buffer, [&](std::size_t before) {
    return in_pieces(buffer, [&](std::size_t done) { return do_read(offset + before + done, buffer); });
  });
}

// Nobody else changes the contents between the pieces of one write, but where a page of the payload's has to be waited for:
// the mutex is not held over that.
Result<std::size_t> File::write_pieces(std::uint64_t& offset, mm::IoBuffer& buffer, Append append) {
  const bool appends = append == Append::kAsOpened ? flags() & kAppend : append == Append::kYes;
  return mm::across_waits(buffer, [&](std::size_t before) -> Result<std::size_t> {
    const task::Mutex::Lock lock(inode().mutex);
    if (appends && inode().is_regular()) offset = TRY(inode().metadata()).size - before;
    return in_pieces(buffer, [&](std::size_t done) { return do_write(offset + before + done, buffer); });
  });
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> memory) {
  mm::IoBuffer buffer = mm::IoBuffer::kernel(memory);
  std::size_t done = 0;
  while (done < memory.size()) {
    const std::size_t count = TRY(do_read(offset + done, buffer));
    if (count == 0) break;
    done += count;
  }
  if (done > 0) notify(*this, kInAccess);
  return done;
}

// Files live in RAM and end with the VM: they are as durable as they will ever be. But what is written from now on
// through a mapping counts as a new change.
Result<void> File::sync() {
  if (is_stream()) return Errno::kInval;
  if (!inode().is_regular()) return {};
  if (auto object = memory_object()) mm::notice_next_writes_to(*object.value());
  return {};
}

Result<void> File::allocate(int mode, std::uint64_t offset, std::uint64_t length) {
  const task::Mutex::Lock lock(inode().mutex);
  return do_allocate(mode, offset, length);
}

Result<std::uint64_t> File::seek(std::int64_t offset, int whence) {
  if (is_stream()) return Errno::kSPipe;
  const task::Mutex::Lock lock(position_mutex_);
  const std::uint64_t size = TRY(inode().metadata()).size;
  std::int64_t base = 0;
  switch (whence) {
    case kSeekSet:
      break;
    case kSeekCur:
      base = static_cast<std::int64_t>(offset_);
      break;
    case kSeekEnd:
      base = static_cast<std::int64_t>(size);
      break;
    case kSeekData:
    case kSeekHole:
      if (offset < 0 || static_cast<std::uint64_t>(offset) >= size) return Errno::kNxio;
      offset = static_cast<std::int64_t>(TRY(find(static_cast<std::uint64_t>(offset), size, whence == kSeekData)));
      break;
    default:
      return Errno::kInval;
  }
  std::int64_t position;
  if (__builtin_add_overflow(base, offset, &position) || position < 0) return Errno::kInval;
  offset_ = static_cast<std::uint64_t>(position);
  return offset_;
}

}  // namespace kernel::fs
