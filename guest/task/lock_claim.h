// A thread that waits for a lock of another one (task/futex_lock.cc), on the owner's list; and what the owner has of it: as
// long as somebody more urgent waits for it, it runs with that one's real-time priority (rt_mutex_setprio() of Linux).
#pragma once

#include "lib/list.h"
#include "lib/result.h"

namespace kernel::task {

class Task;

struct LockClaim {
  LockClaim() = default;
  LockClaim(const LockClaim&) = delete;
  LockClaim& operator=(const LockClaim&) = delete;
  ~LockClaim() { leave(); }

  // kDeadLk if `from` waits for a lock of the claimant's, through whichever others, or if there are too many of them.
  Result<void> check_circle(const Task& from) const;
  void join(Task& from);
  void leave();
  // The same for many at once, to another owner or to none (null): the old and the new one's priorities are for the caller to
  // see to (inherit_priority()), when all have moved.
  void move_to(Task* to);

  Task* claimant = nullptr;
  Task* owner = nullptr;  // null: its owner has ended, or there is none yet
  ListNode owner_node;
};
using LockClaims = List<LockClaim, &LockClaim::owner_node>;

// Gives the task the priority of the most urgent one of those who wait for it, and whomever it waits for itself.
void inherit_priority(Task& owner);
// The real-time priority of a task has changed: whoever it waits for may have to run with it.
void note_priority_changed(Task& task);

}  // namespace kernel::task
