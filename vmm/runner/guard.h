// The guard's end in husk: starts the process that last_step/guard.cc describes, and ends it when husk goes on.
#pragma once

#include <atomic>
#include <string>

#include "common/unique_fd.h"
#include "vmm/runner/sharing_process.h"

namespace husk::runner {

class Guard {
 public:
  // `last_step`: see last_step_file.h. `group`: the path of a control group that the guard is to remove, or "".
  // Returns at once; the guard's process is made ready at the same time as the payload's.
  Guard(int last_step, const std::string& group);
  ~Guard();  // husk goes on: the guard ends, and whoever made the group removes it
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // For the payload's process, which shares husk's memory but has its own descriptors: puts itself, and `process_group`
  // unless that is 0, under guard.
  void watch_me(int process_group) const;

  // For the same, before it runs anything that is not husk's: waits until the guard is on its post. Throws when it
  // could not be started.
  void wait_until_ready();

  // The socket that `watch_me` uses.
  int descriptor() const { return link_.get(); }

 private:
  static int run(void* guard);

  // What the guard's process needs until it executes its program.
  int last_step_;
  std::string group_;
  int its_end_ = -1;  // a number in its own descriptor table

  UniqueFd link_;               // closed when husk ends, which is how the guard learns of it
  std::atomic<int> error_ = 0;  // written by the guard's process
  SharingProcess process_;
};

}  // namespace husk::runner
