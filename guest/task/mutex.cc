#include "task/mutex.h"

#include "lib/log.h"
#include "task/task.h"

namespace kernel::task {

Mutex::~Mutex() {
  if (owner_ || sharers_ != 0) panic("a mutex goes away while it is held");
}

bool Mutex::is_owned_by_current() const {
  return owner_ == &current();
}

bool Mutex::lock() {
  if (owner_ || sharers_ != 0) return wait(false);
  owner_ = &current();
  return true;
}

bool Mutex::lock_shared() {
  // Whoever comes after one that waits to own it waits, too: else readers could keep it away for ever.
  if (owner_ || !waiters_.empty()) return wait(true);
  ++sharers_;
  return true;
}

// Not inlined: GCC does not see that serve() takes the waiter out of the line again.
[[gnu::noinline]] void Mutex::line_up(Waiter& waiter) {
  waiters_.push_back(waiter);
}

// The lock is the caller's when it is woken.
bool Mutex::wait(bool shares) {
  if (is_owned_by_current()) panic("a task waits for a mutex that it owns");
  Waiter self{&current(), shares};
  line_up(self);
  (void)self.served_queue.wait_until([&] { return self.served; }, Deadline::never(), Interruptible::kNo);
  return false;
}

void Mutex::unlock() {
  if (!is_owned_by_current()) panic("a task unlocks a mutex that it does not own");
  owner_ = nullptr;
  serve();
}

void Mutex::unlock_shared() {
  if (sharers_ == 0) panic("a mutex that nobody shares is unlocked");
  if (--sharers_ == 0) serve();
}

void Mutex::serve() {
  while (Waiter* next = waiters_.front()) {
    if (owner_ || (sharers_ != 0 && !next->shares)) return;
    next->node.unlink();
    next->served = true;
    if (next->shares)
      ++sharers_;
    else
      owner_ = next->task;
    next->served_queue.wake_all();
  }
}

}  // namespace kernel::task
