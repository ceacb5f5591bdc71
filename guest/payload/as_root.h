// What root does for a payload before that starts: as a container's runtime has it, whoever the payload's user is.
#pragma once

#include <utility>

#include "task/identity.h"
#include "task/task.h"

namespace kernel::payload {

// The task acts as root, with all capabilities, for as long as this lives.
class AsRoot {
 public:
  explicit AsRoot(task::Task& task) : task_(task) {
    task::set_initial_capabilities(other_);
    std::swap(task_.credentials, other_);
  }
  AsRoot(const AsRoot&) = delete;
  AsRoot& operator=(const AsRoot&) = delete;
  ~AsRoot() { std::swap(task_.credentials, other_); }

 private:
  task::Task& task_;
  task::Credentials other_;
};

}  // namespace kernel::payload
