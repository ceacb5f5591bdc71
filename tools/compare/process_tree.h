// Who has started whom, as /proc tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace husk::compare {

// Those of all threads of the process; none when it is gone.
std::vector<pid_t> children_of(pid_t pid);

// The roots and all their descendants, parents before their children. One that ends meanwhile may be left out.
std::vector<pid_t> trees_of(std::vector<pid_t> roots);

// The processor time that all its threads have used, in clock ticks (proc_pid_stat(5)); 0 when it is gone.
std::uint64_t processor_ticks(pid_t pid);

}  // namespace husk::compare
