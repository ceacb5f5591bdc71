// A /run of the comparison's own: what is there stays in sight, sockets too, and what runners add (shims' sockets,
// locks, mount points) goes to the scratch directory.
#pragma once

#include <filesystem>

namespace husk::compare {

// In the mount namespace of this process, which must be one of its own (scratch.h). Once is enough; more is harmless.
// Throws husk::Error.
void make_run_private(const std::filesystem::path& scratch);

}  // namespace husk::compare
