#include "fs/file_copy.h"

#include <algorithm>

#include "mm/address.h"
#include "task/exit.h"
#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

constexpr std::size_t kLargeStep = std::size_t{64} << 10;

}  // namespace

Result<std::size_t> FileCopy::all(std::size_t count) {
  count = std::min(count, kTransferMax);
  if (&in_ == &out_ && !in_offset_ && !out_offset_) {
    // Reading and writing each go on from the one offset, which is where both have come to in the end.
    std::uint64_t from = in_.offset(), to = from;
    const std::size_t copied = TRY(FileCopy(in_, &from, out_, &to).all(count));
    TRY(in_.seek(static_cast<std::int64_t>(from), kSeekSet));
    return copied;
  }
  TRY(prepare(count));
  std::size_t copied = 0;
  while (copied < count) {
    auto moved = step(count - copied);
    if (!moved) return moved_or(copied, moved.error());
    if (moved.value() == 0) break;
    copied += moved.value();
    // No file says when it ends: 2 GiB of random numbers take half a minute, and a signal ends a read of them. Between
    // regular files only the end of the process cuts it short (Linux's splice_direct_to_actor).
    if (task::preemption_point() && (task::must_exit(task::current()) || !in_.inode().is_regular())) break;
  }
  return copied;
}

Result<std::size_t> FileCopy::once(std::size_t count) {
  TRY(prepare(count));
  return step(count);
}

Result<void> FileCopy::prepare(std::size_t count) {
  if (scratch_.resize(std::min(count, kLargeStep))) return {};
  return scratch_.resize(std::min<std::size_t>(count, mm::kPageSize));  // slower, where memory is scarce or in pieces
}

Result<std::size_t> FileCopy::step(std::size_t count) {
  const std::span<std::byte> room = scratch_.span().first(std::min(count, scratch_.size()));
  mm::IoBuffer input = mm::IoBuffer::kernel(room);
  const bool stream = in_.is_stream();
  // Where there is an offset, it is moved by what has been written in the end.
  const bool moves_offset = in_.inode().type() != FileType::kCharDevice;
  const std::uint64_t from = in_offset_ ? *in_offset_ : in_.offset();
  const std::size_t got = TRY(stream ? in_.read(input) : in_.read_at(from, input));
  std::size_t put = 0;
  Errno failure = Errno::kNone;
  while (put < got && failure == Errno::kNone) {
    mm::IoBuffer output = mm::IoBuffer::kernel_source(std::span<const std::byte>(room).subspan(put, got - put));
    auto written = out_offset_ ? out_.write_at(*out_offset_, output) : out_.write(output);
    if (!written) failure = written.error();
    if (!written || written.value() == 0) break;
    put += written.value();
    if (out_offset_) *out_offset_ += written.value();
  }
  if (in_offset_) {
    if (moves_offset) *in_offset_ += put;
  } else if (!stream && put > 0) {
    TRY(in_.seek(static_cast<std::int64_t>(put), kSeekCur));
  }
  if (failure != Errno::kNone) return moved_or(put, failure);
  return put;
}

}  // namespace kernel::fs
