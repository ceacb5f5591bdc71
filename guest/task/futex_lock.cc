// Locks that the kernel hands from one thread to the next: FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_UNLOCK_PI (futex(2),
// "Priority-inheritance futexes").
//
// A thread that waits has a claim on the owner's list (task/lock_claim.h). The claims go with the lock: who gets it gets them. Where an owner
// ends without an unlock, all its claimants are woken and look at the word again; it still names the dead thread, or
// nobody if it was on the robust list, and the first one takes it.
#include "lib/result.h"
#include "mm/address.h"
#include "mm/address_space.h"
#include "task/futex_lock_waiter.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::task {
namespace {

// Who else wants the lock: the first of those with the highest priority. kInval if others wait for the word.
struct Rivals {
  FutexLockWaiter* first = nullptr;
  bool owner_is_dead = false;  // and the word still names it
};

Result<Rivals> rivals(const FutexKey& key, std::uint32_t word) {
  Rivals found;
  bool others = false;
  futex_bucket(key).for_each([&](FutexWaiter& waiter) {
    if (waiter.key != key) return true;
    if (waiter.kind != FutexWaiterKind::kLock) return !(others = true);
    auto& rival = static_cast<FutexLockWaiter&>(waiter);
    if (rival.dead_owner != 0 && rival.dead_owner == (word & kFutexOwnerMask)) found.owner_is_dead = true;
    const auto priority_of = [](const FutexLockWaiter& w) { return w.claimant->scheduling.priority(); };
    if (!found.first || priority_of(rival) > priority_of(*found.first)) found.first = &rival;
    return true;
  });
  if (others) return Errno::kInval;
  return found;
}

}  // namespace

Result<std::uint32_t*> futex_word(std::uint64_t address) {
  const mm::Pfn frame = TRY(current().space->wait_for_frame(address, mm::FaultAccess::kWrite));
  return reinterpret_cast<std::uint32_t*>(mm::frame_data(frame) + mm::page_offset(address));
}

Result<Task*> futex_take_or_mark(const FutexKey& key, FutexScope scope, std::uint32_t& word, Task& taker,
                                 std::uint32_t dead_owner, bool mark) {
  const auto tid = static_cast<std::uint32_t>(taker.tid);
  const std::uint32_t owner_tid = word & kFutexOwnerMask;
  if (owner_tid == tid) return Errno::kDeadLk;
  const Rivals others = TRY(rivals(key, word));
  const bool owner_is_dead = owner_tid != 0 && (others.owner_is_dead || owner_tid == dead_owner);
  if (owner_tid == 0 || owner_is_dead) {
    if (others.first && others.first->owner && !owner_is_dead) return Errno::kInval;  // it was overwritten
    mark = mark || others.first || owner_is_dead || dead_owner != 0;
    word = tid | (word & kFutexOwnerDied) | (owner_is_dead ? kFutexOwnerDied : 0) | (mark ? kFutexWaiters : 0);
    return nullptr;
  }
  if (others.first && others.first->owner && static_cast<std::uint32_t>(others.first->owner->tid) != owner_tid)
    return Errno::kInval;
  word |= kFutexWaiters;
  Task* owner = find_task(static_cast<int>(owner_tid));
  if (!owner) return Errno::kSrch;
  // Nobody else can have what is said to be the caller's own.
  if (scope == FutexScope::kPrivate && owner->space.get() != current().space.get()) return Errno::kPerm;
  return owner;
}

Result<void> futex_wait_for_lock(FutexLockWaiter& waiter, std::uint64_t address, FutexScope scope, Deadline deadline) {
  for (;;) {
    while (!waiter.woken && waiter.owner) {
      auto slept = waiter.sleeper.sleep(deadline);
      if (waiter.woken || !waiter.owner) break;
      if (!slept) return slept.error() == Errno::kRestart ? Errno::kRestartNoIntr : slept.error();
    }
    if (waiter.woken) return {};
    // From here to the sleep nobody else runs.
    std::uint32_t* word = TRY(futex_word(address));
    if (waiter.woken) return {};  // a new owner handed it on while we were looking
    waiter.node.unlink();
    Task* owner = TRY(futex_take_or_mark(waiter.key, scope, *word, current(), waiter.dead_owner, false));
    if (!owner) return {};
    TRY(waiter.check_circle(*owner));
    waiter.dead_owner = 0;
    futex_bucket(waiter.key).add(waiter);
    waiter.join(*owner);
  }
}

Result<void> futex_lock(std::uint64_t address, FutexScope scope, Deadline deadline) {
  FutexLockWaiter waiter;
  waiter.key = TRY(futex_key(address, scope, mm::FaultAccess::kWrite));
  return futex_wait_for_lock(waiter, address, scope, deadline);
}

Result<void> futex_try_lock(std::uint64_t address, FutexScope scope) {
  const FutexKey key = TRY(futex_key(address, scope, mm::FaultAccess::kWrite));
  std::uint32_t* word = TRY(futex_word(address));
  if (TRY(futex_take_or_mark(key, scope, *word, current(), 0, false))) return Errno::kAgain;
  return {};
}

Result<void> futex_unlock(std::uint64_t address, FutexScope scope) {
  const FutexKey key = TRY(futex_key(address, scope, mm::FaultAccess::kWrite));
  std::uint32_t* word = TRY(futex_word(address));
  if ((*word & kFutexOwnerMask) != static_cast<std::uint32_t>(current().tid)) return Errno::kPerm;
  FutexLockWaiter* next = TRY(rivals(key, *word)).first;
  if (!next) {
    *word = 0;
    return {};
  }
  Task& heir = *next->claimant;
  *word = static_cast<std::uint32_t>(heir.tid) | kFutexWaiters;
  next->node.unlink();
  next->move_to(nullptr);
  next->woken = true;
  futex_bucket(key).for_each([&](FutexWaiter& waiter) {
    // Who has been woken by the end of an earlier owner looks for himself.
    if (waiter.key != key || waiter.kind != FutexWaiterKind::kLock) return true;
    auto& rival = static_cast<FutexLockWaiter&>(waiter);
    if (rival.owner) rival.move_to(&heir);
    return true;
  });
  inherit_priority(heir);
  inherit_priority(current());
  next->sleeper.wake(kAnyEvent);
  return {};
}

void futex_leave_locks(Task& task) {
  while (LockClaim* claim = task.lock_claims.front()) {
    auto& waiter = static_cast<FutexLockWaiter&>(*claim);
    waiter.move_to(nullptr);
    waiter.dead_owner = static_cast<std::uint32_t>(task.tid);
    waiter.sleeper.wake(kAnyEvent);
  }
}

}  // namespace kernel::task
