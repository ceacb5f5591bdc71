// How a file says what it is ready for, and where a task waits until that changes: poll(2), select(2) and later
// epoll(7).
#pragma once

#include <cstdint>

#include "fs/abi.h"
#include "task/wait_queue.h"

namespace kernel::fs {

// Collects the wait queues on which a change of readiness is announced.
class PollTable {
 public:
  virtual void watch(task::WaitQueue& queue) = 0;

 protected:
  ~PollTable() = default;
};

}  // namespace kernel::fs
