#include "syscall/file_calls.h"

#include <algorithm>

#include "fs/file.h"
#include "mm/io_buffer.h"
#include "syscall/file_arguments.h"

namespace kernel::syscall {

namespace {

// preadv2(2) flags that ask for nothing beyond what this kernel always does: high priority, data and file synchronised.
constexpr std::uint32_t kHarmlessTransferFlags = 0x1 | 0x2 | 0x4;

// Linux's TASK_SIZE_MAX.
constexpr std::uint64_t kHighestAddress = 0x7fff'ffff'f000;

// The payload's buffer, checked as Linux does before it looks at the file's data: an address that no program can have
// is an error even when nothing is to be moved.
Result<mm::IoBuffer> user_buffer(bool allowed, mm::UserBuffer buffer, std::size_t count) {
  if (!allowed) return Errno::kBadF;
  const std::uint64_t address = buffer.address();
  if (address > kHighestAddress || count > kHighestAddress - address) return Errno::kFault;
  return mm::IoBuffer::user(address, std::min(count, fs::kTransferMax));
}

SyscallResult read_vector(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, bool at_offset) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer buffer = TRY(mm::IoBuffer::from_iovec(iovec.address(), count));
  return at_offset ? file->read_at(static_cast<std::uint64_t>(offset), buffer) : file->read(buffer);
}

SyscallResult write_vector(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, bool at_offset) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer buffer = TRY(mm::IoBuffer::from_iovec(iovec.address(), count));
  return at_offset ? file->write_at(static_cast<std::uint64_t>(offset), buffer) : file->write(buffer);
}

}  // namespace

SyscallResult sys_read(int fd, mm::UserBuffer buffer, std::size_t count) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer destination = TRY(user_buffer(file->readable(), buffer, count));
  return file->read(destination);
}

SyscallResult sys_write(int fd, mm::UserBuffer buffer, std::size_t count) {
  const auto file = TRY(file_argument(fd));
  mm::IoBuffer source = TRY(user_buffer(file->writable(), buffer, count));
  return file->write(source);
}

SyscallResult sys_pread64(int fd, mm::UserBuffer buffer, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  const auto file = TRY(file_argument(fd));
  if (file->is_stream()) return Errno::kSPipe;
  mm::IoBuffer destination = TRY(user_buffer(file->readable(), buffer, count));
  return file->read_at(static_cast<std::uint64_t>(offset), destination);
}

SyscallResult sys_pwrite64(int fd, mm::UserBuffer buffer, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  const auto file = TRY(file_argument(fd));
  if (file->is_stream()) return Errno::kSPipe;
  mm::IoBuffer source = TRY(user_buffer(file->writable(), buffer, count));
  return file->write_at(static_cast<std::uint64_t>(offset), source);
}

SyscallResult sys_readv(int fd, mm::UserBuffer iovec, std::size_t count) {
  return read_vector(fd, iovec, count, 0, false);
}

SyscallResult sys_writev(int fd, mm::UserBuffer iovec, std::size_t count) {
  return write_vector(fd, iovec, count, 0, false);
}

SyscallResult sys_preadv(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  return read_vector(fd, iovec, count, offset, true);
}

SyscallResult sys_pwritev(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset) {
  if (offset < 0) return Errno::kInval;
  return write_vector(fd, iovec, count, offset, true);
}

SyscallResult sys_preadv2(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, std::uint64_t,
                          std::uint32_t flags) {
  if (flags & ~kHarmlessTransferFlags) return Errno::kOpNotSupp;
  if (offset < -1) return Errno::kInval;
  return read_vector(fd, iovec, count, offset, offset != -1);
}

SyscallResult sys_pwritev2(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, std::uint64_t,
                           std::uint32_t flags) {
  if (flags & ~kHarmlessTransferFlags) return Errno::kOpNotSupp;
  if (offset < -1) return Errno::kInval;
  return write_vector(fd, iovec, count, offset, offset != -1);
}

SyscallResult sys_lseek(int fd, std::int64_t offset, int whence) {
  return TRY(file_argument(fd))->seek(offset, whence);
}

}  // namespace kernel::syscall
