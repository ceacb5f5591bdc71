// Blocking. A task that waits for something sits on that thing's wait queue, and whoever makes the condition true wakes
// the queue. The kernel is not preemptible, so between testing the condition and blocking nothing can happen: no lost
// wake-ups.
//
//   TRY(readers_.wait_until([&] { return !empty() || writers_ == 0; }));
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/result.h"
#include "lib/time.h"

namespace kernel::task {

class Task;
class WaitQueue;

// The current task's place on one queue, for as long as it lives; poll(2) uses several at once.
class WaitNode {
 public:
  explicit WaitNode(WaitQueue& queue);
  WaitNode(const WaitNode&) = delete;
  WaitNode& operator=(const WaitNode&) = delete;

 private:
  friend class WaitQueue;
  ListNode link_;
  Task* task_;
};

// What ends a sleep early: nothing, only the end of the task (its process is killed, or another thread executes a
// program), or any signal that is due.
enum class Interruptible : std::uint8_t { kNo, kFatal, kYes };

// Gives up the CPU until some queue that the task is on is woken, a signal arrives (kRestart), or the deadline passes
// (kTimedOut). May return success spuriously: callers test their condition again.
Result<void> block(Deadline deadline = Deadline::never(), Interruptible interruptible = Interruptible::kYes);

class WaitQueue {
 public:
  WaitQueue() = default;
  void wake_all();
  void wake_one();  // the task that has waited longest
  bool empty() { return waiters_.empty(); }

  template <typename Condition>
  Result<void> wait_until(Condition condition, Deadline deadline = Deadline::never(),
                          Interruptible interruptible = Interruptible::kYes) {
    if (condition()) return {};
    WaitNode node(*this);
    while (!condition()) {
      if (auto woken = block(deadline, interruptible); !woken) return woken;
    }
    return {};
  }

 private:
  friend class WaitNode;
  List<WaitNode, &WaitNode::link_> waiters_;
};

}  // namespace kernel::task
