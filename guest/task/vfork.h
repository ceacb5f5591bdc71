// vfork(2): the child runs in its maker's address space, and the maker waits until it has left it.
#pragma once

#include "task/wait_queue.h"

namespace kernel::task {

// Of the child.
class Vfork {
 public:
  void begin() { pending_ = true; }
  // The child executes a program or ends.
  void end() {
    if (!pending_) return;
    pending_ = false;
    done_.wake_all();
  }
  // The maker: until the child's end(), or until its own: then the child goes on alone.
  Result<void> wait() {
    return done_.wait_until([this] { return !pending_; }, Deadline::never(), Interruptible::kFatal);
  }

 private:
  bool pending_ = false;
  WaitQueue done_;
};

}  // namespace kernel::task
