#include "devices/input_stream.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace husk {
namespace {

// The file's own position, which moves (preadv2(2)).
constexpr off_t kFilePosition = -1;

bool is_pipe_or_socket(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

}  // namespace

InputStream::InputStream(int fd) : fd_(fd), can_refuse_(is_pipe_or_socket(fd)) {}

bool InputStream::ready() const {
  pollfd request{.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&request, 1, 0) != 0;
}

InputStream::Result InputStream::read(std::span<const iovec> segments) {
  const auto count = static_cast<int>(segments.size());
  if (can_refuse_) {
    const ssize_t received = ::preadv2(fd_, segments.data(), count, kFilePosition, RWF_NOWAIT);
    if (received >= 0) return {.received = static_cast<std::size_t>(received)};
    if (errno != EOPNOTSUPP) return {.status = status_of_errno(errno)};
    can_refuse_ = false;
  }
  if (!ready()) return {.status = StreamStatus::kWouldBlock};
  const ssize_t received = ::preadv2(fd_, segments.data(), count, kFilePosition, 0);
  if (received >= 0) return {.received = static_cast<std::size_t>(received)};
  return {.status = status_of_errno(errno)};
}

}  // namespace husk
