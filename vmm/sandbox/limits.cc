#include "vmm/sandbox/limits.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/error.h"
#include "vmm/lower_limit.h"

namespace husk::sandbox {
namespace {

void limit(int resource, std::uint64_t value, const char* what) {
  if (!lower_limit(resource, value)) throw Error::from_errno("limit", what);
}

bool is_regular_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool writes_files(std::span<const int> output) {
  for (const int fd : output) {
    if (is_regular_file(fd)) return true;
  }
  return is_regular_file(STDOUT_FILENO) || is_regular_file(STDERR_FILENO);
}

}  // namespace

void limit_resources(const Limits& limits) {
  limit(RLIMIT_CORE, 0, "core dumps");
  limit(RLIMIT_AS, limits.guest_bytes + kOwnAddressSpace, "the address space");
  limit(RLIMIT_NOFILE, static_cast<std::uint64_t>(limits.highest_descriptor) + 1, "the number of descriptors");
  if (!writes_files(limits.output)) limit(RLIMIT_FSIZE, 0, "the size of files");
  ::signal(SIGXFSZ, SIG_IGN);  // EFBIG is an answer; the signal would end the VM (setrlimit(2), RLIMIT_FSIZE)
}

void limit_threads() {
  limit(RLIMIT_NPROC, kMaxThreads, "the number of threads");
}

}  // namespace husk::sandbox
