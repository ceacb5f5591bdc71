// Who waits for a lock that the kernel hands on, or will do so once it is moved there: what task/futex_lock.cc and
// task/futex_requeue_lock.cc have in common.
#pragma once

#include <cstdint>

#include "task/futex_table.h"
#include "task/lock_claim.h"
#include "task/task.h"

namespace kernel::task {

struct FutexLockWaiter final : FutexWaiter, LockClaim {
  FutexLockWaiter() {
    claimant = &current();
    kind = FutexWaiterKind::kLock;
    priority = claimant->scheduling.parameters().priority;
  }
  std::uint32_t dead_owner = 0;  // whose end has woken it
  FutexKey lock;                 // kMovedToLock: which one it will wait for
};

// The word itself, writable, through the direct map: until the caller sleeps, nobody else changes it.
Result<std::uint32_t*> futex_word(std::uint64_t address);
// Gives the lock to `taker` if it is free, else says who has it. Marks the word, so that the owner asks the kernel to unlock,
// where others wait, or will at once (`mark`). Null: it is the taker's now. The errors are futex_lock()'s.
Result<Task*> futex_take_or_mark(const FutexKey& key, FutexScope scope, std::uint32_t& word, Task& taker,
                                 std::uint32_t dead_owner, bool mark);
// Waits until the lock of this word is the current task's, on which `waiter` waits already if its owner is known.
Result<void> futex_wait_for_lock(FutexLockWaiter& waiter, std::uint64_t address, FutexScope scope, Deadline deadline);

}  // namespace kernel::task
