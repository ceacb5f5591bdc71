#include "vmm/runner/standard_streams.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "vmm/error.h"

namespace husk::runner {
namespace {

constexpr gid_t kSameGroup = static_cast<gid_t>(-1);

// A pipe without a name: one with a name (fifo(7)) is a file of the caller's.
bool is_anonymous_pipe(int stream) {
  struct statfs file_system {};
  return fstatfs(stream, &file_system) == 0 && file_system.f_type == PIPEFS_MAGIC;
}

bool is_for_payload(int stream, mode_t mode) {
  if (S_ISSOCK(mode)) return true;
  if (S_ISFIFO(mode)) return is_anonymous_pipe(stream);
  if (!S_ISREG(mode)) return false;
  const int flags = fcntl(stream, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && (flags & O_APPEND) == 0;
}

}  // namespace

void open_missing_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this one: those below it are open.
    if (open("/dev/null", O_RDWR) != stream) throw Error::from_errno("open", "/dev/null");
  }
}

void hand_over_streams(uid_t owner) {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status {};
    if (fstat(stream, &status) != 0 || status.st_uid == owner || !is_for_payload(stream, status.st_mode)) continue;
    if (fchown(stream, owner, kSameGroup) != 0) {
      // EPERM, EROFS: see the header.
    }
  }
}

}  // namespace husk::runner
