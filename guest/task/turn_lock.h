// A lock for who lets other tasks run in the middle of something long: the pieces of a large read or write. Who does
// something short only waits until nobody holds it, because nothing can come between a wait and what does not sleep.
#pragma once

#include "lib/time.h"
#include "task/wait_queue.h"

namespace kernel::task {

class TurnLock {
 public:
  // Not interrupted by signals, as Linux's locks of an inode and of a file position are not: whoever holds it does not
  // wait for anything but the CPU.
  void wait() {
    if (!held_) return;
    (void)waiters_.wait_until([this] { return !held_; }, Deadline::never(), Interruptible::kNo);
  }

  // Waits, and holds the lock if `keep`.
  class Turn {
   public:
    Turn(TurnLock& lock, bool keep) : lock_(lock), kept_(keep) {
      lock_.wait();
      lock_.held_ = lock_.held_ || keep;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (!kept_) return;
      lock_.held_ = false;
      lock_.waiters_.wake_all();
    }

   private:
    TurnLock& lock_;
    bool kept_;
  };

 private:
  bool held_ = false;
  WaitQueue waiters_;
};

}  // namespace kernel::task
