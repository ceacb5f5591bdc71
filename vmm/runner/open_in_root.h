// Paths that an image has a say in. A magic link (proc(5): /proc/PID/fd/N, exe, cwd, root) leads wherever the kernel's
// object is, also out of the image (CVE-2024-21626), so both look-ups refuse them with ELOOP.
#pragma once

#include <cstdint>
#include <string>

#include "common/unique_fd.h"

namespace husk::runner {

// On the host, as if the directory `root` were the root directory, so that neither ".." nor a symbolic link leads out
// of it: openat2(2) with RESOLVE_IN_ROOT, what else of that kind is in `resolve`, and O_CLOEXEC. Nothing, and errno,
// where that fails.
UniqueFd open_in_root(int root, const std::string& path, int flags, std::uint64_t resolve = 0);

// By a process whose root directory is the image's.
UniqueFd open_as_payload(const std::string& path, int flags, std::uint64_t resolve = 0);

// In the place of a descriptor of the image's root: the root directory of the process is the image's.
inline constexpr int kOwnRoot = -1;

// The directory at `path`, which is absolute, O_PATH. What is missing of it, and on the way to it, is made with mode 0755
// (under the caller's umask). Nothing, and errno, where that fails.
UniqueFd open_or_make_directory(int root, const std::string& path);

// The payload's working directory, by a process that is not the payload's user yet, as runc has it (libcontainer:
// prepareRootfs, finalizeNamespace): what is missing of it, and on the way to it, is made with mode 0755 (under the
// caller's umask), and it is entered. The payload's user enters it once more, but need not be able to. Throws
// husk::Error.
void prepare_working_directory(int root, const std::string& path);

}  // namespace husk::runner
