#include "vmm/oci/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "vmm/error.h"

namespace husk::oci {
namespace {

constexpr std::size_t kStep = 64 * 1024;

}  // namespace

void ByteSource::skip(std::uint64_t count) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(count, kStep));
  while (count != 0) {
    const std::size_t got = read(std::span(buffer).first(std::min<std::uint64_t>(count, buffer.size())));
    if (got == 0) throw Error("read", "the archive", "it ends too early");
    count -= got;
  }
}

std::size_t FileSource::read(std::span<std::byte> into) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
  if (wanted == 0) return 0;
  for (;;) {
    const ssize_t got = ::pread(fd_, into.data(), wanted, static_cast<off_t>(offset_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error::from_errno("read", name_);
    if (got == 0) throw Error("read", name_, "it ends too early");
    offset_ += static_cast<std::uint64_t>(got);
    left_ -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

void FileSource::skip(std::uint64_t count) {
  if (count > left_) throw Error("read", name_, "it ends too early");
  offset_ += count;
  left_ -= count;
}

std::size_t StreamSource::read(std::span<std::byte> into) {
  if (into.empty()) return 0;
  for (;;) {
    const ssize_t got = ::read(fd_, into.data(), into.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error::from_errno("read", name_);
    return static_cast<std::size_t>(got);
  }
}

std::size_t HashingSource::read(std::span<std::byte> into) {
  const std::size_t got = source_.read(into);
  if (got > most_ - count_) {
    throw Error("read", name_, "it has more than the " + std::to_string(most_) + " bytes that it may have");
  }
  hash_.update(into.first(got));
  count_ += got;
  return got;
}

cache::Digest HashingSource::finish() {
  std::vector<std::byte> buffer(kStep);
  while (read(buffer) != 0) {
  }
  return hash_.finish();
}

}  // namespace husk::oci
