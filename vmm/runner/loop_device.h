// A block device over a file (loop(4)), for kernels that cannot mount an EROFS file itself (before 6.12).
#pragma once

#include <string>

#include "common/unique_fd.h"

namespace husk::runner {

// Read-only, with LO_FLAGS_AUTOCLEAR: the kernel detaches the file when the last user, be it this object or a mount,
// has gone, so nothing is left behind however husk ends.
class LoopDevice {
 public:
  static LoopDevice attach(int file);
  const std::string& path() const { return path_; }

 private:
  LoopDevice(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

}  // namespace husk::runner
