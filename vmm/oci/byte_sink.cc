#include "vmm/oci/byte_sink.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "vmm/error.h"

namespace husk::oci {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;

}  // namespace

FileSink::FileSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {
  buffer_.reserve(kBuffer);
}

void FileSink::write(std::span<const std::byte> bytes) {
  if (bytes.size() > kBuffer - buffer_.size()) flush();
  if (bytes.size() >= kBuffer) return put(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void FileSink::flush() {
  put(buffer_);
  buffer_.clear();
}

void FileSink::put(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw Error::from_errno("write", name_);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

}  // namespace husk::oci
