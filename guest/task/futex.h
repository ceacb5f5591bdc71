// futex(2): threads wait until a word of their memory changes. The kernel keeps only who waits for which word.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "lib/time.h"

namespace kernel::task {

class Task;

// Whether only threads of one address space use the word (FUTEX_PRIVATE_FLAG): then its address alone identifies it.
enum class FutexScope : bool { kShared, kPrivate };

// Waits while the word at `address` has the value `expected`. kAgain if it has another; kTimedOut; kRestart; kFault;
// kInval for a misaligned address. Woken only by wakers whose bits overlap.
Result<void> futex_wait(std::uint64_t address, FutexScope scope, std::uint32_t expected, std::uint32_t bits,
                        Deadline deadline);
// The number of threads woken, at most `count`.
Result<std::uint64_t> futex_wake(std::uint64_t address, FutexScope scope, std::uint32_t count, std::uint32_t bits);
// Wakes up to `wake_count` and lets up to `move_count` others wait at `to` from now on; the number of both. If
// `expected` is not null, the word must have that value (kAgain).
Result<std::uint64_t> futex_requeue(std::uint64_t from, std::uint64_t to, FutexScope scope, std::uint32_t wake_count,
                                    std::uint32_t move_count, const std::uint32_t* expected);
// FUTEX_WAKE_OP: changes the word at `second` as `operation` encodes, wakes at `first`, and at `second` if its old
// value passes the comparison that `operation` encodes.
Result<std::uint64_t> futex_wake_op(std::uint64_t first, std::uint64_t second, FutexScope scope,
                                    std::uint32_t first_count, std::uint32_t second_count, std::uint32_t operation);

// Locks whose owner the kernel knows: the word holds the owner's thread id, with kFutexWaiters if others wait
// (FUTEX_LOCK_PI and its relatives). An unlock hands the lock to the first of the waiters, by real-time priority, and the
// end of its owner does so, too (kFutexOwnerDied). Until then the owner runs with the highest priority of its waiters
// (task/lock_claim.h).
inline constexpr std::uint32_t kFutexWaiters = 0x8000'0000, kFutexOwnerDied = 0x4000'0000,
                               kFutexOwnerMask = 0x3fff'ffff;
// kDeadLk: it is the caller's already, or its owner waits for one that is. kSrch: there is no such thread as the word says. kInval: others wait there who do
// not want the lock, or the word has been tampered with. kTimedOut; kRestartNoIntr.
Result<void> futex_lock(std::uint64_t address, FutexScope scope, Deadline deadline);
Result<void> futex_try_lock(std::uint64_t address, FutexScope scope);  // kAgain: another one has it
Result<void> futex_unlock(std::uint64_t address, FutexScope scope);    // kPerm: it is not the caller's
// A condition variable with such a lock: waits as futex_wait() does at `address`, and returns with the lock at `lock`, to
// which futex_move_to_lock() has moved it: with the lock free one waiter gets it, and up to `move_count` others wait for it; else
// one more. kInval where the two are not used together. The number of both.
Result<void> futex_wait_and_lock(std::uint64_t address, std::uint64_t lock, FutexScope scope, std::uint32_t expected,
                                 Deadline deadline);
Result<std::uint64_t> futex_move_to_lock(std::uint64_t from, std::uint64_t lock, FutexScope scope,
                                         std::uint32_t wake_count, std::uint32_t move_count, std::uint32_t expected);
// What a thread at its end still has and others wait for.
void futex_leave_locks(Task& task);

// For the end of a thread: wakes waiters of the word at this address, whether they wait with a private or a shared key.
void futex_wake_address(std::uint64_t address, std::uint32_t count);
// Marks the locks on an exiting thread's robust list as left by a dead owner, and wakes a waiter of each
// (get_robust_list(2)). The list is the payload's: its length is bounded, and a bad address ends the walk.
void futex_exit_robust_list(Task& task);

}  // namespace kernel::task
