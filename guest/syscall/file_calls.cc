#include "syscall/file_calls.h"

#include <algorithm>

#include "fs/file.h"
#include "mm/frame.h"
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

// Copies between two files through one page. Offsets advance by what was copied; a null one is the file's own.
class FileCopy {
 public:
  FileCopy(fs::File& in, std::uint64_t* in_offset, fs::File& out, std::uint64_t* out_offset)
      : in_(in), in_offset_(in_offset), out_(out), out_offset_(out_offset) {}

  SyscallResult run(std::size_t count) {
    const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kNone)));
    std::size_t copied = 0;
    count = std::min(count, fs::kTransferMax);
    while (copied < count) {
      auto moved = step({page.data(), std::min(mm::kPageSize, count - copied)});
      if (!moved) return fs::moved_or(copied, moved.error());
      if (moved.value() == 0) break;
      copied += moved.value();
    }
    return copied;
  }

 private:
  Result<std::size_t> step(std::span<std::byte> page) {
    mm::IoBuffer input = mm::IoBuffer::kernel(page);
    const std::size_t got = TRY(in_offset_ ? in_.read_at(*in_offset_, input) : in_.read(input));
    if (got == 0) return 0;
    std::size_t written = 0;
    Errno failure = Errno::kNone;
    while (written < got) {
      mm::IoBuffer output = mm::IoBuffer::kernel_source(page.subspan(written, got - written));
      auto put = out_offset_ ? out_.write_at(*out_offset_, output) : out_.write(output);
      if (!put || put.value() == 0) {
        failure = put.error();
        break;
      }
      written += put.value();
      if (out_offset_) *out_offset_ += put.value();
    }
    if (in_offset_) {
      *in_offset_ += written;
    } else if (written < got) {
      // What could not be written has not been read.
      TRY(in_.seek(-static_cast<std::int64_t>(got - written), fs::kSeekCur));
    }
    if (failure != Errno::kNone) return fs::moved_or(written, failure);
    return written;
  }

  fs::File& in_;
  std::uint64_t* in_offset_;
  fs::File& out_;
  std::uint64_t* out_offset_;
};

// An offset in the payload's memory, for calls that read and update one. Unset if the pointer is null.
struct UserOffset {
  std::uint64_t value = 0;
  bool given = false;
  std::uint64_t* pointer() { return given ? &value : nullptr; }
};

Result<UserOffset> read_offset(mm::UserPtr<std::int64_t> address) {
  UserOffset offset;
  if (!address) return offset;
  const std::int64_t value = TRY(address.read());
  if (value < 0) return Errno::kInval;
  offset.value = static_cast<std::uint64_t>(value);
  offset.given = true;
  return offset;
}

Result<void> write_offset(mm::UserPtr<std::int64_t> address, const UserOffset& offset) {
  if (!offset.given) return {};
  return address.write(static_cast<std::int64_t>(offset.value));
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

SyscallResult sys_sendfile(int out_fd, int in_fd, mm::UserPtr<std::int64_t> offset, std::size_t count) {
  const auto in = TRY(file_argument(in_fd));
  const auto out = TRY(file_argument(out_fd));
  if (!in->readable() || !out->writable()) return Errno::kBadF;
  if (in->is_stream() || (out->flags() & fs::kAppend)) return Errno::kInval;
  UserOffset position = TRY(read_offset(offset));
  const std::size_t copied = TRY(FileCopy(*in, position.pointer(), *out, nullptr).run(count));
  TRY(write_offset(offset, position));
  return copied;
}

SyscallResult sys_copy_file_range(int in_fd, mm::UserPtr<std::int64_t> in_offset, int out_fd,
                                  mm::UserPtr<std::int64_t> out_offset, std::size_t count, std::uint32_t flags) {
  if (flags != 0) return Errno::kInval;
  const auto in = TRY(file_argument(in_fd));
  const auto out = TRY(file_argument(out_fd));
  if (!in->readable() || !out->writable() || (out->flags() & fs::kAppend)) return Errno::kBadF;
  if (in->inode().is_directory() || out->inode().is_directory()) return Errno::kIsDir;
  if (!in->inode().is_regular() || !out->inode().is_regular()) return Errno::kInval;
  UserOffset from = TRY(read_offset(in_offset));
  UserOffset to = TRY(read_offset(out_offset));
  if (&in->inode() == &out->inode()) {
    const std::uint64_t start = from.given ? from.value : in->offset();
    const std::uint64_t target = to.given ? to.value : out->offset();
    if (start < target + count && target < start + count) return Errno::kInval;
  }
  const std::size_t copied = TRY(FileCopy(*in, from.pointer(), *out, to.pointer()).run(count));
  TRY(write_offset(in_offset, from));
  TRY(write_offset(out_offset, to));
  return copied;
}

}  // namespace kernel::syscall
