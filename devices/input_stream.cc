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

}  // namespace

InputStream::InputStream(int fd) : fd_(fd), kind_(kind_of(fd)) {}

InputStream::Kind InputStream::kind_of(int fd) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return Kind::kOther;  // closed: the first read says EBADF
  if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) return Kind::kCanRefuse;
  if (S_ISREG(info.st_mode) || S_ISBLK(info.st_mode) || S_ISDIR(info.st_mode)) return Kind::kNeverWaits;
  // Memory devices (/dev/null, /dev/zero) have major number 1 and never wait; terminals do, and what is no file at all
  // (eventfd(2)).
  return S_ISCHR(info.st_mode) && info.st_rdev >> 8 == 1 ? Kind::kNeverWaits : Kind::kOther;
}

bool InputStream::ready() const {
  if (kind_ == Kind::kNeverWaits) return true;
  pollfd request{.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&request, 1, 0) != 0;
}

InputStream::Result InputStream::read(std::span<const iovec> segments) {
  const auto count = static_cast<int>(segments.size());
  if (kind_ == Kind::kCanRefuse) {
    const ssize_t received = ::preadv2(fd_, segments.data(), count, kFilePosition, RWF_NOWAIT);
    if (received >= 0) return {.received = static_cast<std::size_t>(received)};
    if (errno != EOPNOTSUPP) return {.status = status_of_errno(errno)};
    kind_ = Kind::kOther;
  }
  if (!ready()) return {.status = StreamStatus::kWouldBlock};
  const ssize_t received = ::preadv2(fd_, segments.data(), count, kFilePosition, 0);
  if (received >= 0) return {.received = static_cast<std::size_t>(received)};
  return {.status = status_of_errno(errno)};
}

}  // namespace husk
