#include "devices/output_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace husk {
namespace {

constexpr std::size_t kOtherStep = 512;  // less than any terminal's output buffer
constexpr std::size_t kFileStep = std::size_t{1} << 20;

}  // namespace

OutputStream::OutputStream(int fd) : fd_(fd), kind_(kind_of(fd)) {}

OutputStream::Kind OutputStream::kind_of(int fd) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return Kind::kOther;  // closed: the first write says EBADF
  if (S_ISREG(info.st_mode) || S_ISBLK(info.st_mode)) return Kind::kNeverWaits;
  if (S_ISSOCK(info.st_mode)) return Kind::kSocket;
  if (S_ISFIFO(info.st_mode)) return Kind::kPipe;
  // Memory devices (/dev/null, /dev/full) have major number 1 and never wait; terminals do.
  if (S_ISCHR(info.st_mode) && info.st_rdev >> 8 == 1) return Kind::kNeverWaits;
  return Kind::kOther;
}

// POLLERR (a pipe without readers) counts as ready: the write then says EPIPE.
bool OutputStream::ready() const {
  if (kind_ == Kind::kNeverWaits || kind_ == Kind::kSocket) return true;
  pollfd request{.fd = fd_, .events = POLLOUT, .revents = 0};
  return ::poll(&request, 1, 0) != 0;
}

long OutputStream::write_step(std::span<const std::byte> bytes) const {
  switch (kind_) {
    case Kind::kNeverWaits:
      return ::write(fd_, bytes.data(), std::min(bytes.size(), kFileStep));
    case Kind::kSocket:
      return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::kPipe:
      return ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    case Kind::kOther:
      return ::write(fd_, bytes.data(), std::min(bytes.size(), kOtherStep));
  }
  return -1;
}

OutputStream::Result OutputStream::write(std::span<const std::span<const std::byte>> segments, std::size_t offset,
                                         std::size_t most) {
  Result result;
  for (std::span<const std::byte> segment : segments) {
    if (offset >= segment.size()) {
      offset -= segment.size();
      continue;
    }
    segment = segment.subspan(offset);
    segment = segment.first(std::min(segment.size(), most - result.written));
    offset = 0;
    while (!segment.empty()) {
      const long written = ready() ? write_step(segment) : (errno = EAGAIN, -1);
      if (written > 0) {
        result.written += static_cast<std::size_t>(written);
        segment = segment.subspan(static_cast<std::size_t>(written));
        continue;
      }
      // A device of somebody's own making that takes nothing and says no error would be asked for ever.
      result.status = status_of_errno(written == 0 ? EIO : errno);
      return result;
    }
  }
  return result;
}

}  // namespace husk
