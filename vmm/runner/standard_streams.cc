#include "vmm/runner/standard_streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "vmm/error.h"

namespace husk::runner {
namespace {

constexpr gid_t kSameGroup = static_cast<gid_t>(-1);

// Documentation/admin-guide/devices.txt
bool is_null_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

}  // namespace

void open_missing_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this one: those below it are open.
    if (open("/dev/null", O_RDWR) != stream) throw Error::from_errno("open", "/dev/null");
  }
}

StreamLoan::StreamLoan(uid_t owner) {
  previous_owners_.fill(kNobody);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status {};
    if (fstat(stream, &status) != 0 || status.st_uid == owner || is_null_device(status)) continue;
    if (fchown(stream, owner, kSameGroup) == 0 && isatty(stream) == 1) {
      previous_owners_[static_cast<std::size_t>(stream)] = status.st_uid;
    }
  }
}

StreamLoan::~StreamLoan() {
  for (int stream = 0; const uid_t owner : previous_owners_) {
    if (owner != kNobody && fchown(stream, owner, kSameGroup) != 0) {
      // It has been hung up, or its file system has become read-only: nobody is waiting for it.
    }
    ++stream;
  }
}

}  // namespace husk::runner
