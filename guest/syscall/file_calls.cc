#include "syscall/file_calls.h"

#include <algorithm>

#include "fs/file.h"
#include "fs/notify.h"
#include "mm/io_buffer.h"
#include "syscall/file_arguments.h"
#include "syscall/transfer_counts.h"

namespace kernel::syscall {

namespace {

// preadv2(2): RWF_*.
enum TransferFlag : std::uint32_t {
  kHighPriority = 0x1,
  kDataSync = 0x2,
  kSync = 0x4,
  kNoWait = 0x8,
  kAppend = 0x10,
  kNoAppend = 0x20,
};
// What asks for nothing beyond what this kernel always does: data is never later on its way to a disk.
constexpr std::uint32_t kHarmless = kHighPriority | kDataSync | kSync;
constexpr std::uint32_t kReadFlags = kHarmless | kNoWait | kAppend | kNoAppend;  // the last two mean nothing to a read
constexpr std::uint32_t kWriteFlags = kHarmless | kNoWait | kAppend | kNoAppend;

// RWF_NOWAIT: the stream does not wait in this one call. Nobody else sees the flag, since what does not wait does not let
// others run. (A file with an offset has only its inode's mutex to wait for.)
class DoNotWait {
 public:
  DoNotWait(fs::File& file, bool wanted) : file_(file), set_(wanted && file.is_stream() && !file.non_blocking()) {
    if (set_) file.set_flags(file.flags() | fs::kNonBlock);
  }
  DoNotWait(const DoNotWait&) = delete;
  DoNotWait& operator=(const DoNotWait&) = delete;
  ~DoNotWait() {
    if (set_) file_.set_flags(file_.flags() & ~fs::kNonBlock);
  }

 private:
  fs::File& file_;
  bool set_;
};

Result<mm::IoBuffer> user_buffer(bool allowed, mm::UserBuffer buffer, std::size_t count) {
  if (!allowed) return Errno::kBadF;
  return mm::IoBuffer::from_user(buffer.address(), count);
}

// What moved data tells who watches the file.
Result<std::size_t> told(fs::File& file, fs::Event event, Result<std::size_t> moved) {
  if (moved && moved.value() > 0) notify(file, event);
  return moved;
}

// A call that read or wrote, or tried to: for /proc/PID/io.
SyscallResult counted_read(SyscallResult read) {
  count_read(read ? read.value() : 0);
  return read;
}

SyscallResult counted_write(SyscallResult written) {
  count_write(written ? written.value() : 0);
  return written;
}

// Where a vectored call begins: at the file's own offset, or at one that was given.
struct Position {
  std::int64_t offset;
  bool own;
};

Result<mm::IoBuffer> vector_argument(fs::File& file, bool allowed, mm::UserBuffer iovec, std::size_t count,
                                     Position position) {
  if (!position.own && file.is_stream()) return Errno::kSPipe;
  if (!allowed) return Errno::kBadF;
  return mm::IoBuffer::from_iovec(iovec.address(), count);
}

SyscallResult read_vector(int fd, mm::UserBuffer iovec, std::size_t count, Position position, std::uint32_t flags = 0) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer buffer = TRY(vector_argument(*file, file->readable(), iovec, count, position));
  if (buffer.remaining() == 0) return 0;
  if (flags & ~kReadFlags) return Errno::kOpNotSupp;
  const DoNotWait no_waiting(*file, flags & kNoWait);
  return told(*file, fs::kInAccess,
              position.own ? file->read(buffer) : file->read_at(static_cast<std::uint64_t>(position.offset), buffer));
}

SyscallResult write_vector(int fd, mm::UserBuffer iovec, std::size_t count, Position position,
                           std::uint32_t flags = 0) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer buffer = TRY(vector_argument(*file, file->writable(), iovec, count, position));
  if (buffer.remaining() == 0) return 0;
  if (flags & ~kWriteFlags) return Errno::kOpNotSupp;
  if ((flags & kAppend) && (flags & kNoAppend)) return Errno::kInval;
  const auto append = flags & kAppend ? fs::Append::kYes : flags & kNoAppend ? fs::Append::kNo : fs::Append::kAsOpened;
  const DoNotWait no_waiting(*file, flags & kNoWait);
  if ((flags & kNoWait) && !file->is_stream() && !file->inode().mutex.is_free()) return Errno::kAgain;
  return told(*file, fs::kInModify,
              position.own ? file->write(buffer, append)
                           : file->write_at(static_cast<std::uint64_t>(position.offset), buffer, append));
}

}  // namespace

SyscallResult sys_read(int fd, mm::UserBuffer buffer, std::size_t count) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer destination = TRY(user_buffer(file->readable(), buffer, count));
  return counted_read(told(*file, fs::kInAccess, file->read(destination)));
}

SyscallResult sys_write(int fd, mm::UserBuffer buffer, std::size_t count) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer source = TRY(user_buffer(file->writable(), buffer, count));
  return counted_write(told(*file, fs::kInModify, file->write(source)));
}

SyscallResult sys_pread64(int fd, mm::UserBuffer buffer, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  const auto file = TRY(file_argument(fd));
  if (file->is_stream()) return Errno::kSPipe;
  mm::IoBuffer destination = TRY(user_buffer(file->readable(), buffer, count));
  return counted_read(told(*file, fs::kInAccess, file->read_at(static_cast<std::uint64_t>(offset), destination)));
}

SyscallResult sys_pwrite64(int fd, mm::UserBuffer buffer, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  const auto file = TRY(file_argument(fd));
  if (file->is_stream()) return Errno::kSPipe;
  mm::IoBuffer source = TRY(user_buffer(file->writable(), buffer, count));
  return counted_write(told(*file, fs::kInModify, file->write_at(static_cast<std::uint64_t>(offset), source)));
}

SyscallResult sys_readv(int fd, mm::UserBuffer iovec, std::size_t count) {
  return counted_read(read_vector(fd, iovec, count, {0, true}));
}

SyscallResult sys_writev(int fd, mm::UserBuffer iovec, std::size_t count) {
  return counted_write(write_vector(fd, iovec, count, {0, true}));
}

SyscallResult sys_preadv(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  return counted_read(read_vector(fd, iovec, count, {offset, false}));
}

SyscallResult sys_pwritev(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  return counted_write(write_vector(fd, iovec, count, {offset, false}));
}

SyscallResult sys_preadv2(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, std::uint64_t,
                          std::uint32_t flags) {
  if (offset < -1) return Errno::kInval;
  return counted_read(read_vector(fd, iovec, count, {offset, offset == -1}, flags));
}

SyscallResult sys_pwritev2(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, std::uint64_t,
                           std::uint32_t flags) {
  if (offset < -1) return Errno::kInval;
  return counted_write(write_vector(fd, iovec, count, {offset, offset == -1}, flags));
}

SyscallResult sys_lseek(int fd, std::int64_t offset, int whence) {
  return TRY(file_argument(fd))->seek(offset, whence);
}

}  // namespace kernel::syscall
