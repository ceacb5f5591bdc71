// Paths that an image has a say in. A magic link (proc(5): /proc/PID/fd/N, exe, cwd, root) leads wherever the kernel's
// object is, also out of the image (CVE-2024-21626), so both look-ups refuse them with ELOOP.
#pragma once

#include <string>

#include "common/unique_fd.h"

namespace husk::runner {

// On the host, as if the directory `root` were the root directory, so that neither ".." nor a symbolic link leads out
// of it: openat2(2) with RESOLVE_IN_ROOT and O_CLOEXEC. Nothing, and errno, where that fails.
UniqueFd open_in_root(int root, const std::string& path, int flags);

// By a process whose root directory is the image's.
UniqueFd open_as_payload(const std::string& path, int flags);

}  // namespace husk::runner
