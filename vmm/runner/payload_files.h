// What the user of husk wants in the payload's file system: --tmpfs, /etc/hosts and its like, --read-only. By the
// container's first process, in its root, once /proc, /dev and /sys are there and nothing of the host's is.
#pragma once

#include <vector>

#include "vmm/container_spec.h"

namespace husk::runner {

// What is missing on the way is made, with mode 0755. The image's symbolic links are followed, but not to what husk itself
// has mounted. A tmpfs has the mode of the directory that it covers, if that was there and nothing else was asked for (as
// runc has it), else 1777. Throws husk::Error.
void mount_tmpfs(const std::vector<TmpfsMount>& mounts);

// In the place of whatever has the name: a file, or a link, whose target stays as it is.
void write_etc_files(const std::vector<ContainerFile>& files, bool read_only);

// The last of all changes to the root. What is mounted below it is not concerned.
void make_root_read_only();

}  // namespace husk::runner
