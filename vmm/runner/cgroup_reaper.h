// Removes control groups even when husk is killed with SIGKILL, which runs no destructor: a small process that waits
// for husk's end, kills what is left in the groups, removes them, and ends. (Namespaces and mounts need no such help:
// the kernel drops them with the payload, which dies with husk.) Should the reaper be killed too, the next husk that
// makes a group sweeps up (OwnCgroup::create).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace husk::runner {

class CgroupReaper {
 public:
  // Forks: call it while the process has a single thread. `paths` are existing groups.
  explicit CgroupReaper(const std::vector<std::string>& paths);
  ~CgroupReaper();  // husk goes on: the reaper ends, and whoever made the groups removes them
  CgroupReaper(const CgroupReaper&) = delete;
  CgroupReaper& operator=(const CgroupReaper&) = delete;

 private:
  pid_t pid_ = -1;
  UniqueFd alive_;  // write end of a pipe that nothing is ever written to
};

}  // namespace husk::runner
