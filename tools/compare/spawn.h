// How a runner's process comes to be: by posix_spawn(3), or the same in a memory control group of its own.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/unique_fd.h"

namespace husk::compare {

struct Spawn {
  const std::vector<std::string>& command;
  int input = -1, output = -1, errors = -1;
  // What comes of it. The child has a process group of its own, and signals as a shell would hand them over.
  pid_t pid = -1;
  std::uint64_t start_ns = 0;  // just before
  int error = 0;               // errno's value, when there is no child
};

void spawn(Spawn& request);

// Puts every process that it spawns into one control group, without a step in between that a clock would see: the child
// is born there. Version 2 has CLONE_INTO_CGROUP for that (clone(2)). In version 1 a process is born in the group of the
// thread that calls fork(2), so one thread lives in the group for as long as this exists, and calls.
class GroupSpawner {
 public:
  // `group`: its directory. Throws husk::Error.
  GroupSpawner(const std::string& group, bool is_unified);
  ~GroupSpawner();
  GroupSpawner(const GroupSpawner&) = delete;
  GroupSpawner& operator=(const GroupSpawner&) = delete;

  void spawn(Spawn& request);

 private:
  void live(const std::string& tasks);
  void hand_over(const std::function<void()>& work);

  UniqueFd group_;  // version 2
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  bool has_ended_ = false;
  int error_ = 0;  // of entering the group
};

}  // namespace husk::compare
