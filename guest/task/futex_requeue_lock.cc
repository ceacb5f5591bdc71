// Condition variables whose lock the kernel hands on: FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI (futex(2)). Who is woken
// has the lock already, or waits for it in the kernel, so that a broadcast wakes no crowd.
#include "mm/user_ptr.h"
#include "task/futex_lock_waiter.h"
#include "task/scheduler.h"

namespace kernel::task {
namespace {

using Waiters = List<FutexWaiter, &FutexWaiter::node>;

// The first one who waits for the word. kInval if it does not wait to be moved to this lock.
Result<FutexLockWaiter*> first_waiter(const FutexKey& key, const FutexKey& lock) {
  FutexWaiter* first = nullptr;
  futex_bucket(key).for_each([&](FutexWaiter& waiter) {
    if (waiter.key == key) first = &waiter;
    return !first;
  });
  if (!first) return nullptr;
  if (first->kind != FutexWaiterKind::kMovedToLock) return Errno::kInval;
  auto* waiter = static_cast<FutexLockWaiter*>(first);
  if (waiter->lock != lock) return Errno::kInval;
  return waiter;
}

void give_lock(FutexLockWaiter& waiter) {
  waiter.node.unlink();
  waiter.woken = true;
  waiter.sleeper.wake(kAnyEvent);
}

// Looks at both words when nothing can come between: the lock's, which the caller may change now. kAgain if the other one has
// changed.
Result<std::uint32_t*> compare_and_get(std::uint64_t from, std::uint64_t lock, std::uint32_t expected) {
  for (;;) {
    const std::uint64_t switches = context_switch_count();
    if (TRY(mm::UserPtr<const std::uint32_t>(from).read()) != expected) return Errno::kAgain;
    std::uint32_t* word = TRY(futex_word(lock));
    if (context_switch_count() == switches) return word;  // else a page was waited for
  }
}

}  // namespace

Result<void> futex_wait_and_lock(std::uint64_t address, std::uint64_t lock, FutexScope scope, std::uint32_t expected,
                                 Deadline deadline) {
  if (address == lock) return Errno::kInval;
  FutexLockWaiter waiter;
  waiter.kind = FutexWaiterKind::kMovedToLock;
  waiter.lock = TRY(futex_key(lock, scope, mm::FaultAccess::kWrite));
  waiter.key = TRY(futex_key(address, scope));
  const bool unchanged = TRY(mm::UserPtr<const std::uint32_t>(address).read()) == expected;
  if (waiter.key == waiter.lock) return Errno::kInval;
  if (!unchanged) return Errno::kAgain;
  futex_bucket(waiter.key).add(waiter);
  while (!waiter.woken && waiter.kind == FutexWaiterKind::kMovedToLock) {
    auto slept = waiter.sleeper.sleep(deadline);
    if (waiter.woken || waiter.kind != FutexWaiterKind::kMovedToLock) break;
    if (!slept) return slept.error() == Errno::kRestart ? Errno::kRestartNoIntr : slept.error();
  }
  if (waiter.woken) return {};
  auto locked = futex_wait_for_lock(waiter, lock, scope, deadline);
  // The word has changed since: made again, the call would say so.
  if (!locked && locked.error() == Errno::kRestartNoIntr) return Errno::kAgain;
  return locked;
}

Result<std::uint64_t> futex_move_to_lock(std::uint64_t from, std::uint64_t lock, FutexScope scope,
                                         std::uint32_t wake_count, std::uint32_t move_count, std::uint32_t expected) {
  if (from == lock || wake_count != 1) return Errno::kInval;
  const FutexKey source = TRY(futex_key(from, scope));
  const FutexKey target = TRY(futex_key(lock, scope, mm::FaultAccess::kWrite));
  if (source == target) return Errno::kInval;
  std::uint32_t* word = TRY(compare_and_get(from, lock, expected));
  FutexLockWaiter* first = TRY(first_waiter(source, target));
  if (!first) return std::uint64_t{0};
  Task* owner = TRY(futex_take_or_mark(target, scope, *word, *first->claimant, 0, move_count != 0));
  std::uint64_t done = 0;
  std::uint64_t most = std::uint64_t{move_count} + 1;
  if (!owner) {
    owner = first->claimant;
    give_lock(*first);
    ++done;
  }
  // The target's bucket may be the one that is walked: they go through a list of their own.
  Result<void> result;
  Waiters moving;
  futex_bucket(source).for_each([&](FutexWaiter& waiter) {
    if (done == most) return false;
    if (waiter.key != source) return true;
    auto& next = static_cast<FutexLockWaiter&>(waiter);
    if (waiter.kind != FutexWaiterKind::kMovedToLock || next.lock != target) {
      result = Errno::kInval;
    } else {
      result = next.check_circle(*owner);
    }
    if (!result) return false;
    waiter.node.unlink();
    waiter.key = target;
    waiter.kind = FutexWaiterKind::kLock;
    moving.push_back(waiter);
    ++done;
    return true;
  });
  while (FutexWaiter* waiter = moving.pop_front()) {
    futex_bucket(target).add(*waiter);
    static_cast<FutexLockWaiter*>(waiter)->move_to(owner);
  }
  inherit_priority(*owner);
  TRY(result);
  return done;
}

}  // namespace kernel::task
