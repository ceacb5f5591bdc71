// A /run of the comparison's own: what is in the host's stays reachable, sockets too, but what runners add to it
// (shims' sockets, locks, mount points) goes to the scratch directory.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace husk::compare {

// In the mount namespace of this process, which must be one of its own (scratch.h). /run/containerd and
// /run/systemd/nspawn are there and empty. Once is enough; more is harmless. Throws husk::Error.
void make_run_private(const std::filesystem::path& scratch);

// What `source` has appears in the directory `target`, each entry as a mount of its own, but for those that are `left_out`. Not an overlay,
// through which nobody can connect to a socket below it (unix_find_bsd in the kernel's net/unix/af_unix.c).
void mirror_directory(const std::filesystem::path& source, const std::filesystem::path& target,
                      const std::set<std::string>& left_out);

}  // namespace husk::compare
