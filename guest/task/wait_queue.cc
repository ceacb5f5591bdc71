// Wake-ups. What sleeping means is the scheduler's (block(), scheduler.cc).
#include "task/wait_queue.h"

#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::task {

void WaitEntry::attach(WaitQueue& queue, Waiter& waiter, WaitEvents events, WaitKind kind) {
  detach();
  waiter_ = &waiter;
  events_ = events;
  (kind == WaitKind::kExclusive ? queue.exclusive_ : queue.shared_).push_back(*this);
}

bool WaitQueue::wake(WaitEvents events) {
  for (WaitEntry& entry : shared_) {
    if (entry.events_ & events) entry.waiter_->wake(events);
  }
  for (WaitEntry& entry : exclusive_) {
    if ((entry.events_ & events) && entry.waiter_->wake(events)) return true;
  }
  return false;
}

void WaitQueue::wake_all() {
  for (WaitEntry& entry : shared_) entry.waiter_->wake(kAnyEvent);
  for (WaitEntry& entry : exclusive_) entry.waiter_->wake(kAnyEvent);
}

WaitQueue::~WaitQueue() {
  detach_all(shared_);
  detach_all(exclusive_);
}

void WaitQueue::detach_all(Entries& entries) {
  while (entries.pop_front() != nullptr) {
  }
}

Sleeper::Sleeper() : task_(&current()) {}

bool Sleeper::wake(WaitEvents) {
  if (woken_) return false;
  woken_ = true;
  wake_task(*task_);
  return true;
}

Result<void> Sleeper::sleep(Deadline deadline, Interruptible interruptible) {
  if (!woken_) {
    auto slept = block(deadline, interruptible);
    if (!slept && !woken_) return slept;
  }
  woken_ = false;
  return {};
}

}  // namespace kernel::task
