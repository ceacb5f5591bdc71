#include "vmm/runner/open_in_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "vmm/error.h"

namespace husk::runner {

namespace {

UniqueFd open_how_told(int directory, const std::string& path, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

}  // namespace

UniqueFd open_in_root(int root, const std::string& path, int flags, std::uint64_t resolve) {
  return open_how_told(root, path, flags, resolve | RESOLVE_IN_ROOT);
}

UniqueFd open_as_payload(const std::string& path, int flags, std::uint64_t resolve) {
  return open_how_told(AT_FDCWD, path, flags, resolve);
}

UniqueFd open_or_make_directory(int root, const std::string& path) {
  const auto open_there = [root](const std::string& where, int flags = O_PATH) {
    return root == kOwnRoot ? open_as_payload(where, flags) : open_in_root(root, where, flags);
  };
  UniqueFd directory = open_there(path, O_PATH | O_DIRECTORY);
  if (!directory && errno == ENOENT) {
    for (std::size_t end = 0; end != std::string::npos;) {
      end = path.find('/', end + 1);
      const std::string part = path.substr(0, end);
      if (part.ends_with('/') || open_there(part) || errno != ENOENT) continue;
      const std::size_t slash = part.rfind('/');
      const UniqueFd parent = open_there(part.substr(0, slash + 1));
      if (!parent || mkdirat(parent.get(), part.substr(slash + 1).c_str(), 0755) != 0) break;
    }
    directory = open_there(path, O_PATH | O_DIRECTORY);
  }
  return directory;
}

void prepare_working_directory(int root, const std::string& path) {
  if (path == "/") return;
  const UniqueFd directory = open_or_make_directory(root, path);
  if (!directory || fchdir(directory.get()) != 0) throw Error::from_errno("enter", "working directory '" + path + "'");
}

}  // namespace husk::runner
