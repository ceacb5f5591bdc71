#include "task/futex.h"

#include "mm/user_ptr.h"
#include "task/futex_table.h"
#include "task/task.h"

namespace kernel::task {
namespace {

Result<std::uint32_t> read_word(std::uint64_t address) {
  return mm::UserPtr<const std::uint32_t>(address).read();
}

void wake(FutexWaiter& waiter) {
  waiter.node.unlink();
  waiter.woken = true;
  waiter.sleeper.wake(kAnyEvent);
}

// kInval: a thread that waits for a lock is woken by who has the lock, and nobody else.
Result<std::uint64_t> wake_waiters(const FutexKey& key, std::uint32_t count, std::uint32_t bits) {
  std::uint64_t woken = 0;
  bool meets_lock = false;
  if (count == 0) return woken;
  futex_bucket(key).for_each([&](FutexWaiter& waiter) {
    if (waiter.key != key) return true;
    meets_lock = waiter.kind != FutexWaiterKind::kPlain;
    if (!meets_lock && (waiter.bits & bits)) {
      wake(waiter);
      ++woken;
    }
    return !meets_lock && woken < count;
  });
  if (meets_lock) return Errno::kInval;
  return woken;
}

// The operand and comparison of FUTEX_WAKE_OP (futex(2)): op 4 bits, cmp 4 bits, oparg 12 bits, cmparg 12 bits.
struct WakeOperation {
  explicit WakeOperation(std::uint32_t encoded)
      : operation(encoded >> 28 & 7),
        comparison(encoded >> 24 & 15),
        operand(sign_extend(encoded >> 12)),
        comparand(sign_extend(encoded)) {
    const bool operand_is_shift = encoded >> 31;
    if (operand_is_shift) operand = 1u << (operand & 31);
  }
  static std::uint32_t sign_extend(std::uint32_t twelve_bits) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(twelve_bits << 20) >> 20);
  }
  Result<std::uint32_t> apply(std::uint32_t old_value) const {
    switch (operation) {
      case 0:
        return operand;
      case 1:
        return old_value + operand;
      case 2:
        return old_value | operand;
      case 3:
        return old_value & ~operand;
      case 4:
        return old_value ^ operand;
      default:
        return Errno::kNoSys;
    }
  }
  Result<bool> compare(std::uint32_t old_value) const {
    const auto a = static_cast<std::int32_t>(old_value);
    const auto b = static_cast<std::int32_t>(comparand);
    switch (comparison) {
      case 0:
        return a == b;
      case 1:
        return a != b;
      case 2:
        return a < b;
      case 3:
        return a <= b;
      case 4:
        return a > b;
      case 5:
        return a >= b;
      default:
        return Errno::kNoSys;
    }
  }

  std::uint32_t operation, comparison, operand, comparand;
};

}  // namespace

Result<void> futex_wait(std::uint64_t address, FutexScope scope, std::uint32_t expected, std::uint32_t bits,
                        Deadline deadline) {
  if (bits == 0) return Errno::kInval;
  FutexWaiter waiter;
  waiter.key = TRY(futex_key(address, scope));
  waiter.bits = bits;
  waiter.priority = current().scheduling.parameters().priority;
  // No other thread runs between this test and the wait: that is the atomicity which futex(2) promises.
  if (TRY(read_word(address)) != expected) return Errno::kAgain;
  futex_bucket(waiter.key).add(waiter);
  while (!waiter.woken) {
    auto slept = waiter.sleeper.sleep(deadline);
    if (!slept && !waiter.woken) return slept;
  }
  return {};
}

Result<std::uint64_t> futex_wake(std::uint64_t address, FutexScope scope, std::uint32_t count, std::uint32_t bits) {
  if (bits == 0) return Errno::kInval;
  return wake_waiters(TRY(futex_key(address, scope)), count, bits);
}

Result<std::uint64_t> futex_requeue(std::uint64_t from, std::uint64_t to, FutexScope scope, std::uint32_t wake_count,
                                    std::uint32_t move_count, const std::uint32_t* expected) {
  const FutexKey source = TRY(futex_key(from, scope));
  const FutexKey target = TRY(futex_key(to, scope));
  if (expected && TRY(read_word(from)) != *expected) return Errno::kAgain;
  std::uint64_t woken = 0;
  std::uint64_t moved = 0;
  bool meets_lock = false;
  // Moved waiters go through a list of their own: the target's bucket may be the one that is being walked.
  List<FutexWaiter, &FutexWaiter::node> moving;
  futex_bucket(source).for_each([&](FutexWaiter& waiter) {
    if (waiter.key != source) return true;
    if (waiter.kind != FutexWaiterKind::kPlain) return !(meets_lock = true);
    if (woken < wake_count) {
      wake(waiter);
      ++woken;
    } else if (moved < move_count) {
      waiter.node.unlink();
      waiter.key = target;
      moving.push_back(waiter);
      ++moved;
    }
    return woken < wake_count || moved < move_count;
  });
  while (FutexWaiter* waiter = moving.pop_front()) futex_bucket(target).add(*waiter);
  if (meets_lock) return Errno::kInval;
  return woken + moved;
}

Result<std::uint64_t> futex_wake_op(std::uint64_t first, std::uint64_t second, FutexScope scope,
                                    std::uint32_t first_count, std::uint32_t second_count, std::uint32_t operation) {
  const WakeOperation decoded(operation);
  const FutexKey first_key = TRY(futex_key(first, scope));
  const FutexKey second_key = TRY(futex_key(second, scope, mm::FaultAccess::kWrite));
  const std::uint32_t old_value = TRY(read_word(second));
  const bool passes = TRY(decoded.compare(old_value));
  const std::uint32_t new_value = TRY(decoded.apply(old_value));
  TRY(mm::UserPtr<std::uint32_t>(second).write(new_value));
  std::uint64_t woken = TRY(wake_waiters(first_key, first_count, kAllFutexBits));
  if (passes) woken += TRY(wake_waiters(second_key, second_count, kAllFutexBits));
  return woken;
}

void futex_wake_address(std::uint64_t address, std::uint32_t count) {
  for (FutexScope scope : {FutexScope::kPrivate, FutexScope::kShared}) {
    if (auto woken = futex_wake(address, scope, count, kAllFutexBits); !woken) return;
  }
}

}  // namespace kernel::task
