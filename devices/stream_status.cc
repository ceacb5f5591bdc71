#include "devices/stream_status.h"

#include <cerrno>

namespace husk {

StreamStatus status_of_errno(int error) {
  switch (error) {
    case EINTR:
    case EAGAIN:
      return StreamStatus::kWouldBlock;
    case EPIPE:
    case ECONNRESET:
      return StreamStatus::kHungUp;
    case ENOSPC:
    case EDQUOT:
      return StreamStatus::kNoSpace;
    case EFBIG:
      return StreamStatus::kFileTooLarge;
    case EBADF:
      return StreamStatus::kBadDescriptor;
    case EISDIR:
      return StreamStatus::kDirectory;
    default:
      return StreamStatus::kError;
  }
}

}  // namespace husk
