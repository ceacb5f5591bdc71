#include "vmm/runner/open_in_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace husk::runner {

namespace {

UniqueFd open_how_told(int directory, const std::string& path, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

}  // namespace

UniqueFd open_in_root(int root, const std::string& path, int flags) {
  return open_how_told(root, path, flags, RESOLVE_IN_ROOT);
}

UniqueFd open_as_payload(const std::string& path, int flags) {
  return open_how_told(AT_FDCWD, path, flags, 0);
}

}  // namespace husk::runner
