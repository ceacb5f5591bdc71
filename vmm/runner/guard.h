// The guard's end in husk: starts the process that last_step/guard.cc describes, and ends it when husk goes on.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "vmm/runner/sharing_process.h"

namespace husk::runner {

class Guard {
 public:
  // `last_step`: see last_step_file.h. `groups`: the paths of control groups that the guard is to remove.
  Guard(int last_step, const std::vector<std::string>& groups);
  ~Guard();  // husk goes on: the guard ends, and whoever made the groups removes them
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // By husk, under the rule of sharing_process.h, when there is a process that is to become the payload: their pidfds.
  // Returns at once; the guard's process is made ready at the same time as the payload's.
  void start(int husk, int payload);

  // By that process, before it runs anything that is not husk's: waits until there is a guard's process. From then on
  // it goes its way whatever becomes of husk, and kills the payload should it not get its program; to wait for that too
  // would be a twentieth of a start where processors are busy. Throws when it could not be started.
  void wait_until_started();

  // By a husk that is itself what is guarded (`payload` was its own pidfd) and that goes on without this object: returns
  // when the guard has its program, and then the guard stays until husk has ended. Throws when there is no guard.
  void let_go();

  // By husk when the payload has ended: throws when that was because the guard did not get its program.
  void check() const;

 private:
  static constexpr int kNotYet = -1;
  static int run(void* guard);
  static void throw_error(int error);

  // What the guard's process needs until it executes its program.
  int last_step_;
  std::vector<std::string> groups_;
  std::vector<const char*> arguments_;
  int husk_ = -1;
  int payload_ = -1;

  SharingProcess process_;
  std::atomic<int> started_ = kNotYet;  // then 0 or an error
  std::atomic<int> error_ = 0;          // written by the guard's process
  bool stays_ = false;
};

}  // namespace husk::runner
