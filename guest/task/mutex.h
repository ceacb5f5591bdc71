// A lock that is waited for asleep. One task owns it, or several share it (a directory that is only read). Who waits is
// served in the order of coming, so nobody starves: the lock is handed to the next in line, not thrown to whoever runs
// first.
//
// Its owner may sleep and let others run: that is what it is for, since between two points at which a task can sleep
// nobody else runs anyway. Waiting is not ended by signals, as for Linux's locks of an inode and of a file position are
// not: so an owner waits for nothing that a payload could withhold for ever (a pipe, a terminal, another process). To
// take a lock that one owns already is a bug, and a panic.
//
// Which locks there are, and the order in which one task takes several: fs/inode.h.
#pragma once

#include "lib/list.h"
#include "lib/time.h"
#include "task/wait_queue.h"

namespace kernel::task {

class Mutex {
 public:
  Mutex() = default;
  ~Mutex();  // a panic while somebody has it

  // Whether the lock could be had at once. If not, others have run before it was had, and what the caller saw before may
  // be so no more.
  bool lock();
  bool lock_shared();
  void unlock();
  void unlock_shared();
  bool is_owned_by_current() const;
  bool is_free() const { return !owner_ && sharers_ == 0; }

  // For as long as it lives.
  class Lock {
   public:
    explicit Lock(Mutex& mutex) : mutex_(mutex), at_once_(mutex.lock()) {}
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock() { mutex_.unlock(); }
    bool had_at_once() const { return at_once_; }

   private:
    Mutex& mutex_;
    bool at_once_;
  };
  class SharedLock {
   public:
    explicit SharedLock(Mutex& mutex) : mutex_(mutex), at_once_(mutex.lock_shared()) {}
    SharedLock(const SharedLock&) = delete;
    SharedLock& operator=(const SharedLock&) = delete;
    ~SharedLock() { mutex_.unlock_shared(); }
    bool had_at_once() const { return at_once_; }

   private:
    Mutex& mutex_;
    bool at_once_;
  };

 private:
  struct Waiter {
    Task* task;
    bool shares;
    bool served = false;
    WaitQueue served_queue{};  // of its own: an unlock wakes those that it serves and nobody else
    ListNode node{};
  };
  bool wait(bool shares);
  void line_up(Waiter& waiter);
  void serve();

  Task* owner_ = nullptr;
  unsigned sharers_ = 0;
  List<Waiter, &Waiter::node> waiters_;
};

}  // namespace kernel::task
