#include "ipc/semaphore_set.h"

#include "lib/global.h"

namespace kernel::ipc {
namespace {

constinit Global<TableOf<SemaphoreSet>> sets_;
constinit int in_use_ = 0;  // semaphores, of all sets

bool changes_something(std::span<const SemaphoreOperation> operations) {
  for (const SemaphoreOperation& operation : operations) {
    if (operation.change != 0) return true;
  }
  return false;
}

}  // namespace

Result<Ref<SemaphoreSet>> SemaphoreSet::create(int key, int count, int flags) {
  const auto semaphores = static_cast<std::size_t>(count);
  auto memory = TRY(KernelMemory::reserve(semaphores * sizeof(Semaphore)));
  auto set = TRY(make_ref<SemaphoreSet>(key, flags));
  TRY(set->semaphores_.resize(semaphores));
  set->memory_ = std::move(memory);
  in_use_ += count;
  return set;
}

SemaphoreSet::~SemaphoreSet() {
  in_use_ -= count();
}

SemaphoreRecord SemaphoreSet::record() const {
  SemaphoreRecord record{};
  record.permission = permission();
  record.operated = operated_;
  record.changed = changed;
  record.count = semaphores_.size();
  return record;
}

int SemaphoreSet::waiters(int number, bool for_zero) {
  int count = 0;
  for (Waiters* list : {&waiting_for_zero_, &waiting_}) {
    for (const Waiter& waiter : *list) {
      const SemaphoreOperation& operation = *waiter.blocking;
      if (operation.number == number && (for_zero ? operation.change == 0 : operation.change < 0)) ++count;
    }
  }
  return count;
}

void SemaphoreSet::set_value(int number, std::uint16_t value) {
  for (Undo& undo : undos_) undo.adjustments[static_cast<std::size_t>(number)] = 0;
  semaphores_[static_cast<std::size_t>(number)] = {value, current_pid()};
  changed = now_in_seconds();
  values_changed(false);
}

void SemaphoreSet::set_values(std::span<const std::uint16_t> values) {
  for (std::size_t i = 0; i < semaphores_.size(); ++i) semaphores_[i] = {values[i], current_pid()};
  for (Undo& undo : undos_) {
    for (std::int16_t& adjustment : undo.adjustments) adjustment = 0;
  }
  changed = now_in_seconds();
  values_changed(false);
}

// All of the operations or none. Each sees what those before it in the array have done.
SemaphoreSet::Attempt SemaphoreSet::attempt(Waiter& waiter) {
  const auto operations = waiter.operations;
  std::size_t done = 0;
  Attempt outcome = Attempt::kDone;
  for (; done < operations.size(); ++done) {
    const SemaphoreOperation& operation = operations[done];
    Semaphore& semaphore = semaphores_[operation.number];
    const int result = semaphore.value + operation.change;
    if ((operation.change == 0 && semaphore.value != 0) || result < 0) {
      waiter.blocking = &operation;
      outcome = operation.flags & kNoWait ? Attempt::kFailed : Attempt::kMustWait;
      waiter.result = Errno::kAgain;
      break;
    }
    const bool undone = operation.flags & kUndo;
    const int adjustment = undone ? waiter.undo->adjustments[operation.number] - operation.change : 0;
    if (result > kSemaphoreMaximum || adjustment < -kAdjustmentMaximum - 1 || adjustment > kAdjustmentMaximum) {
      outcome = Attempt::kFailed;
      waiter.result = Errno::kRange;
      break;
    }
    if (undone) waiter.undo->adjustments[operation.number] = static_cast<std::int16_t>(adjustment);
    semaphore.value = static_cast<std::uint16_t>(result);
  }
  if (outcome == Attempt::kDone) {
    for (const SemaphoreOperation& operation : operations) semaphores_[operation.number].last = waiter.pid;
    waiter.result = Errno::kNone;
    return outcome;
  }
  while (done-- > 0) {
    const SemaphoreOperation& operation = operations[done];
    Semaphore& semaphore = semaphores_[operation.number];
    semaphore.value = static_cast<std::uint16_t>(semaphore.value - operation.change);
    if (operation.flags & kUndo) {
      std::int16_t& adjustment = waiter.undo->adjustments[operation.number];
      adjustment = static_cast<std::int16_t>(adjustment + operation.change);
    }
  }
  return outcome;
}

void SemaphoreSet::finish(Waiter& waiter, Errno result) {
  waiter.node.unlink();
  waiter.result = result;
  waiter.finished = true;
  waiter.done.wake_all();
}

bool SemaphoreSet::finish_waiters_for_zero() {
  bool any = false;
  for (Waiter& waiter : waiting_for_zero_) {
    const Attempt outcome = attempt(waiter);
    if (outcome == Attempt::kMustWait) continue;
    any = any || outcome == Attempt::kDone;
    finish(waiter, waiter.result);
  }
  return any;
}

// From the beginning again after each that went on: it may have made room for one before it. There are at most as many
// rounds as waiters.
bool SemaphoreSet::finish_waiters_for_increase() {
  bool any = false;
  for (bool again = true; again;) {
    again = false;
    for (Waiter& waiter : waiting_) {
      const Attempt outcome = attempt(waiter);
      if (outcome == Attempt::kMustWait) continue;
      finish(waiter, waiter.result);
      if (outcome != Attempt::kDone) continue;
      any = true;
      finish_waiters_for_zero();
      again = true;
      break;
    }
  }
  return any;
}

void SemaphoreSet::values_changed(bool operated) {
  operated = finish_waiters_for_zero() || operated;
  operated = finish_waiters_for_increase() || operated;
  if (operated) operated_ = now_in_seconds();
}

Result<void> SemaphoreSet::operate(std::span<const SemaphoreOperation> operations, Undo* undo, Deadline deadline) {
  Waiter waiter(operations, undo, current_pid());
  const bool alters = changes_something(operations);
  switch (attempt(waiter)) {
    case Attempt::kDone:
      if (alters) {
        values_changed(true);
      } else {
        operated_ = now_in_seconds();
      }
      return {};
    case Attempt::kFailed:
      return waiter.result;
    case Attempt::kMustWait:
      break;
  }
  const Ref<SemaphoreSet> kept(this);
  (alters ? waiting_ : waiting_for_zero_).push_back(waiter);
  const auto waited = waiter.done.wait_until([&] { return waiter.finished; }, deadline);
  if (waiter.finished) return waiter.result == Errno::kNone ? Result<void>() : waiter.result;
  waiter.node.unlink();
  // Never restarted, whatever the handler's SA_RESTART (signal(7)).
  return waited.error() == Errno::kTimedOut ? Errno::kAgain : Errno::kIntr;
}

void SemaphoreSet::remove() {
  const Ref<SemaphoreSet> kept(this);
  sets_->remove(*this);
  while (Undo* undo = undos_.pop_front()) delete undo;
  while (Waiter* waiter = waiting_for_zero_.front()) finish(*waiter, Errno::kIdRm);
  while (Waiter* waiter = waiting_.front()) finish(*waiter, Errno::kIdRm);
}

// The values are kept in their range (semop(2), BUGS).
void SemaphoreSet::apply(const Undo& undo) {
  for (std::size_t i = 0; i < semaphores_.size(); ++i) {
    if (undo.adjustments[i] == 0) continue;
    const int value = semaphores_[i].value + undo.adjustments[i];
    semaphores_[i].value = static_cast<std::uint16_t>(value < 0                   ? 0
                                                      : value > kSemaphoreMaximum ? kSemaphoreMaximum
                                                                                  : value);
    semaphores_[i].last = current_pid();
  }
  values_changed(true);
}

TableOf<SemaphoreSet>& semaphore_sets() {
  return *sets_;
}

int semaphores_in_use() {
  return in_use_;
}

Result<int> get_semaphore_set(int key, int count, int flags) {
  const auto make = [&]() -> Result<int> {
    if (count == 0) return Errno::kInval;
    if (std::int64_t{in_use_} + count > limits.semaphores) return Errno::kNoSpc;
    return sets_->add(TRY(SemaphoreSet::create(key, count, flags)), limits.semaphore_sets);
  };
  return sets_->get(key, flags, make, [&](const SemaphoreSet& set) { return count <= set.count(); });
}

}  // namespace kernel::ipc
