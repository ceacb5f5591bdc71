// A thread that waits for a lock of another one (task/futex_lock.cc), on the owner's list.
#pragma once

#include "lib/list.h"

namespace kernel::task {

class Task;

struct LockClaim {
  Task* owner = nullptr;  // null: its owner has ended, or there is none yet
  ListNode owner_node;
};
using LockClaims = List<LockClaim, &LockClaim::owner_node>;

}  // namespace kernel::task
