#include "fs/file.h"

#include "fs/locks.h"

namespace kernel::fs {

File::~File() {
  if (path_.dentry && path_.dentry->inode() && inode().locks) inode().locks->release_file(*this);
}

Result<std::size_t> File::read(mm::IoBuffer& buffer) {
  if (!readable()) return Errno::kBadF;
  buffer.limit(kTransferMax);
  if (is_stream()) return do_read(0, buffer);
  const std::size_t count = TRY(do_read(offset_, buffer));
  offset_ += count;
  return count;
}

Result<std::size_t> File::write(mm::IoBuffer& buffer) {
  if (!writable()) return Errno::kBadF;
  buffer.limit(kTransferMax);
  std::uint64_t position = offset_;
  const std::size_t count = TRY(do_write(position, buffer));
  if (!is_stream()) offset_ = position + count;
  return count;
}

Result<std::size_t> File::read_at(std::uint64_t offset, mm::IoBuffer& buffer) {
  if (is_stream()) return Errno::kSPipe;
  if (!readable()) return Errno::kBadF;
  buffer.limit(kTransferMax);
  return do_read(offset, buffer);
}

Result<std::size_t> File::write_at(std::uint64_t offset, mm::IoBuffer& buffer) {
  if (is_stream()) return Errno::kSPipe;
  if (!writable()) return Errno::kBadF;
  buffer.limit(kTransferMax);
  return do_write(offset, buffer);
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> memory) {
  mm::IoBuffer buffer = mm::IoBuffer::kernel(memory);
  std::size_t done = 0;
  while (done < memory.size()) {
    const std::size_t count = TRY(do_read(offset + done, buffer));
    if (count == 0) break;
    done += count;
  }
  return done;
}

Result<std::uint64_t> File::seek(std::int64_t offset, int whence) {
  if (is_stream()) return Errno::kSPipe;
  const Metadata metadata = TRY(inode().metadata());
  const auto size = static_cast<std::int64_t>(metadata.size);
  std::int64_t base = 0;
  switch (whence) {
    case kSeekSet:
      break;
    case kSeekCur:
      base = static_cast<std::int64_t>(offset_);
      break;
    case kSeekEnd:
      base = size;
      break;
    case kSeekData:
      // A file without holes (lseek(2)): all of it is data, and the only hole is at the end.
      if (offset < 0 || offset >= size) return Errno::kNxio;
      break;
    case kSeekHole:
      if (offset < 0 || offset >= size) return Errno::kNxio;
      offset = size;
      break;
    default:
      return Errno::kInval;
  }
  std::int64_t position;
  if (__builtin_add_overflow(base, offset, &position)) return Errno::kOverflow;
  if (position < 0) return Errno::kInval;
  offset_ = static_cast<std::uint64_t>(position);
  return offset_;
}

}  // namespace kernel::fs
