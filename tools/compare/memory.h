// How much memory a runner and everything it has started take: the sum of their proportional set sizes.
//
// PSS (proc_pid_smaps(5)) counts a page that n processes map as 1/n of a page for each, so that it can be summed; guest
// RAM is part of the PSS of the process that maps it. Not in it: page tables, KVM's shadow pages and other memory of
// the kernel, and page cache that nobody maps. What a process shares with processes outside the runner (libc with the
// whole system) counts by its share only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace husk::compare {

struct ProcessMemory {
  pid_t pid = 0;
  std::string name;  // its comm
  std::uint64_t pss_bytes = 0;
  std::uint64_t private_bytes = 0;  // of it: pages that nobody else maps
};

// `roots`, their descendants, and what of these has been left to this process (orphans() in process.h); parents before
// their children. Processes that share one address space (after vfork, for example) are counted once; one that ends
// meanwhile is left out.
std::vector<ProcessMemory> memory_of_trees(std::vector<pid_t> roots);

// The sums; without pid and name.
ProcessMemory total(const std::vector<ProcessMemory>& processes);

}  // namespace husk::compare
