// Limits that husk was started with (ulimit in a shell) and that are about what a process does to itself: file sizes,
// processor time, stack, data, address space. They are inherited over execve(2), so a command that is started in the
// place of husk would have them. In namespaces the payload inherits them by itself; a VM's kernel has to be told.
//
// The others count what the host's kernel has (processes, locked memory, priorities) or are set by husk (descriptors): a
// VM has its own.
#pragma once

#include <cstdint>
#include <vector>

namespace husk {

struct InheritedLimit {
  std::uint64_t resource = 0;  // RLIMIT_*
  std::uint64_t soft = 0;      // RLIM_INFINITY: none
  std::uint64_t hard = 0;
};

// Those that are not what every guest kernel starts with: no limit, and 8 MiB of stack.
std::vector<InheritedLimit> inherited_limits();

}  // namespace husk
