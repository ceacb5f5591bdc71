// A path of a payload's, looked up on the host: as if its root directory were the root directory, so that neither ".."
// nor a symbolic link leads out of it.
#pragma once

#include <string>

#include "common/unique_fd.h"

namespace husk::runner {

// openat2(2) with RESOLVE_IN_ROOT and O_CLOEXEC. Nothing, and errno, where that fails.
UniqueFd open_in_root(int root, const std::string& path, int flags);

}  // namespace husk::runner
