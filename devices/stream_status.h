// How a read or a write of one of husk's inherited descriptors ended, as far as the payload sees a difference.
#pragma once

namespace husk {

enum class StreamStatus {
  kOk,
  kWouldBlock,
  kHungUp,  // nobody reads any more
  kNoSpace,
  kFileTooLarge,   // a file would grow beyond RLIMIT_FSIZE, or beyond what its file system can hold
  kBadDescriptor,  // closed, or not open in this direction
  kDirectory,
  kError,
};

// What read(2) and write(2) have said. EINTR is kWouldBlock: whoever called has a signal to look at.
StreamStatus status_of_errno(int error);

}  // namespace husk
