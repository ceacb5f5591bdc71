#include "syscall/splice_calls.h"

#include <algorithm>

#include "fs/file_copy.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "fs/splice.h"
#include "mm/io_buffer.h"
#include "syscall/file_arguments.h"
#include "syscall/transfer_counts.h"

namespace kernel::syscall {

namespace {

// splice(2): SPLICE_F_MOVE, NONBLOCK, MORE, GIFT.
constexpr std::uint32_t kNonBlock = 2;
constexpr std::uint32_t kSpliceFlags = 1 | kNonBlock | 4 | 8;

// An offset in the payload's memory, for calls that read and update one. Unset if the pointer is null. May be negative:
// see check_range().
struct UserOffset {
  std::uint64_t value = 0;
  bool given = false;
  std::uint64_t* pointer() { return given ? &value : nullptr; }
};

Result<UserOffset> read_offset(mm::UserPtr<std::int64_t> address) {
  UserOffset offset;
  if (!address) return offset;
  offset.value = static_cast<std::uint64_t>(TRY(address.read()));
  offset.given = true;
  return offset;
}

// Whether `count` bytes of a file that has offsets, from the given one or its own on, are within what a file can be
// (Linux's rw_verify_area()).
Result<void> check_range(fs::File& file, const UserOffset& offset, std::size_t count) {
  const std::uint64_t start = offset.given ? offset.value : file.is_stream() ? 0 : file.offset();
  const bool negative = static_cast<std::int64_t>(start) < 0 || static_cast<std::int64_t>(count) < 0 ||
                        static_cast<std::int64_t>(start + count) < 0;
  return negative ? Result<void>(Errno::kInval) : Result<void>();
}

Result<void> write_offset(mm::UserPtr<std::int64_t> address, const UserOffset& offset) {
  if (!offset.given) return {};
  return address.write(static_cast<std::int64_t>(offset.value));
}

// Only what both are on could do better than read and write: so it is since Linux 5.19 (copy_file_range(2)).
bool same_file_system(const fs::Inode& a, const fs::Inode& b) {
  return !a.nameless() && !b.nameless() && &a.file_system() == &b.file_system();
}

// Who watches one of the files is told.
void told(fs::File& in, fs::File& out, std::size_t moved) {
  if (moved == 0) return;
  notify(in, fs::kInAccess);
  notify(out, fs::kInModify);
}

// sendfile(2) and copy_file_range(2) read and write; splice(2) and its relatives do not count as either.
void copied_and_told(fs::File& in, fs::File& out, std::size_t copied) {
  told(in, out, copied);
  count_read(copied);
  count_write(copied);
}

}  // namespace

SyscallResult sys_splice(int in_fd, mm::UserPtr<std::int64_t> in_offset, int out_fd,
                         mm::UserPtr<std::int64_t> out_offset, std::size_t count, std::uint32_t flags) {
  if (count == 0) return 0;
  if (flags & ~kSpliceFlags) return Errno::kInval;
  const auto in = TRY(file_argument(in_fd));
  const auto out = TRY(file_argument(out_fd));
  if ((fs::is_pipe_like(*in) && in_offset) || (fs::is_pipe_like(*out) && out_offset)) return Errno::kSPipe;
  UserOffset to = TRY(read_offset(out_offset));
  UserOffset from = TRY(read_offset(in_offset));
  if (!in->readable() || !out->writable()) return Errno::kBadF;
  if (!fs::is_pipe_like(*in)) TRY(check_range(*in, from, count));
  if (!fs::is_pipe_like(*out)) TRY(check_range(*out, to, count));
  const std::size_t moved = TRY(fs::splice(*in, from.pointer(), *out, to.pointer(), count, flags & kNonBlock));
  told(*in, *out, moved);
  TRY(write_offset(out_offset, to));
  TRY(write_offset(in_offset, from));
  return moved;
}

SyscallResult sys_tee(int in_fd, int out_fd, std::size_t count, std::uint32_t flags) {
  if (flags & ~kSpliceFlags) return Errno::kInval;
  if (count == 0) return 0;
  const auto in = TRY(file_argument(in_fd));
  const auto out = TRY(file_argument(out_fd));
  const std::size_t copied = TRY(fs::tee(*in, *out, count, flags & kNonBlock));
  told(*in, *out, copied);
  return copied;
}

SyscallResult sys_vmsplice(int fd, mm::UserBuffer iovec, std::size_t segments, std::uint32_t flags) {
  if (flags & ~kSpliceFlags) return Errno::kInval;
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer buffer = TRY(mm::IoBuffer::from_iovec(iovec.address(), segments));
  const std::size_t moved = TRY(fs::splice_memory(*file, buffer, flags & kNonBlock));
  if (moved > 0) notify(*file, file->writable() ? fs::kInModify : fs::kInAccess);
  return moved;
}

SyscallResult sys_sendfile(int out_fd, int in_fd, mm::UserPtr<std::int64_t> offset, std::size_t count) {
  UserOffset position = TRY(read_offset(offset));
  const auto in = TRY(file_argument(in_fd));
  if (!in->readable()) return Errno::kBadF;
  if (position.given && in->is_stream()) return Errno::kSPipe;
  TRY(check_range(*in, position, count));
  const auto out = TRY(file_argument(out_fd));
  if (!out->writable()) return Errno::kBadF;
  const bool to_pipe = fs::is_pipe_like(*out);
  if ((out->flags() & fs::kAppend) && !to_pipe) return Errno::kInval;
  // What comes from a stream and finds no room elsewhere would be lost; a pipe's room is known before.
  if (fs::is_pipe_like(*in) || (in->is_stream() && !to_pipe)) return Errno::kInval;
  if (!in->can_splice(fs::Direction::kRead) || (!to_pipe && !out->can_splice(fs::Direction::kWrite)))
    return Errno::kInval;
  if (count == 0) return 0;
  // Into a pipe goes what fits now; anywhere else, all.
  const std::size_t copied = TRY(fs::pipe_of(*out) || in->is_stream()
                                     ? fs::splice(*in, position.pointer(), *out, nullptr, count, out->non_blocking())
                                     : fs::FileCopy(*in, position.pointer(), *out, nullptr).all(count));
  copied_and_told(*in, *out, copied);
  TRY(write_offset(offset, position));
  return copied;
}

SyscallResult sys_copy_file_range(int in_fd, mm::UserPtr<std::int64_t> in_offset, int out_fd,
                                  mm::UserPtr<std::int64_t> out_offset, std::size_t count, std::uint32_t flags) {
  const auto in = TRY(file_argument(in_fd));
  const auto out = TRY(file_argument(out_fd));
  UserOffset from = TRY(read_offset(in_offset));
  UserOffset to = TRY(read_offset(out_offset));
  if (flags != 0) return Errno::kInval;
  if (in->inode().is_directory() || out->inode().is_directory()) return Errno::kIsDir;
  if (!in->inode().is_regular() || !out->inode().is_regular()) return Errno::kInval;
  if (!in->readable() || !out->writable() || (out->flags() & fs::kAppend)) return Errno::kBadF;
  if (!same_file_system(in->inode(), out->inode())) return Errno::kXdev;
  const std::uint64_t start = from.given ? from.value : in->offset();
  const std::uint64_t target = to.given ? to.value : out->offset();
  std::uint64_t end;
  if (__builtin_add_overflow(start, count, &end) || __builtin_add_overflow(target, count, &end)) {
    return Errno::kOverflow;
  }
  constexpr std::uint64_t kLargestFile = 0x7fff'ffff'ffff'ffff;
  if (start > kLargestFile || target > kLargestFile) return Errno::kInval;
  if (target == kLargestFile) return Errno::kFBig;
  const std::uint64_t size = TRY(in->inode().metadata()).size;
  count = start < size ? std::min(count, size - start) : 0;
  if (&in->inode() == &out->inode() && start < target + count && target < start + count) return Errno::kInval;
  if (count == 0) return 0;
  const std::size_t copied = TRY(fs::FileCopy(*in, from.pointer(), *out, to.pointer()).all(count));
  copied_and_told(*in, *out, copied);
  TRY(write_offset(in_offset, from));
  TRY(write_offset(out_offset, to));
  return copied;
}

}  // namespace kernel::syscall
