// Limits that husk was started with (ulimit in a shell) and that are about what a process does to itself: file sizes,
// processor time, stack, data, address space. They are inherited over execve(2), so a command that is started in the
// place of husk would have them. In namespaces the payload inherits them by itself; a VM's kernel has to be told.
//
// The others count what the host's kernel has (processes, locked memory, priorities) or are set by husk (descriptors): a
// VM has its own.
#pragma once

#include <vector>

#include "vmm/resource_limit.h"

namespace husk {

// Those that are not what every guest kernel starts with: no limit, and 8 MiB of stack.
std::vector<ResourceLimit> inherited_limits();

}  // namespace husk
