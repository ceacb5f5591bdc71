#include "vmm/image/erofs/output.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "vmm/error.h"
#include "vmm/image/erofs/limits.h"

namespace husk::image::erofs {
namespace {

// Larger ones are not faster; this is what the second-level cache of most processors holds.
constexpr std::size_t kBuffer = 512 * 1024;
// Fewer zeros are written: a hole costs a system call, and the file system an extent.
constexpr std::uint64_t kSmallestHole = 64 * 1024;

}  // namespace

Output::Output(int fd, std::uint64_t most) : fd_(fd), most_(std::min(most, kMaxImage)), buffer_(kBuffer) {
  if (::ftruncate(fd_, 0) != 0) throw Error::from_errno("write", "the image");
}

void Output::check(std::uint64_t count) const {
  if (position() <= most_ && count <= most_ - position()) return;
  throw Error("write", "the image",
              most_ == kMaxImage ? "it would have more than the 16 TiB that an EROFS image can hold"
                                 : "it would have more than " + std::to_string(most_) + " bytes");
}

void Output::write_at(std::uint64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw Error::from_errno("write", "the image");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void Output::flush() {
  write_at(flushed_, std::span(buffer_).first(used_));
  flushed_ += used_;
  used_ = 0;
}

std::span<std::byte> Output::room() {
  check(1);
  if (used_ == buffer_.size()) flush();
  const std::uint64_t free = std::min<std::uint64_t>(buffer_.size() - used_, bytes_left());
  return std::span(buffer_).subspan(used_, static_cast<std::size_t>(free));
}

void Output::commit(std::size_t count) {
  used_ += std::min(count, buffer_.size() - used_);
}

void Output::append(std::span<const std::byte> bytes) {
  check(bytes.size());
  while (!bytes.empty()) {
    const std::span<std::byte> free = room();
    const std::size_t count = std::min(free.size(), bytes.size());
    std::memcpy(free.data(), bytes.data(), count);
    commit(count);
    bytes = bytes.subspan(count);
  }
}

void Output::append_zeros(std::uint64_t count) {
  check(count);
  if (count >= kSmallestHole) {
    flush();
    flushed_ += count;
    return;
  }
  while (count != 0) {
    const std::span<std::byte> free = room();
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(free.size(), count));
    std::memset(free.data(), 0, part);
    commit(part);
    count -= part;
  }
}

void Output::finish(std::span<const std::byte, kBlock> first_block) {
  flush();
  // A hole at the end was not written by anybody.
  if (::ftruncate(fd_, static_cast<off_t>(flushed_)) != 0) throw Error::from_errno("write", "the image");
  write_at(0, first_block);
}

}  // namespace husk::image::erofs
