// System V semaphores: semget(2), semop(2), semctl(2). See Linux's ipc/sem.c, whose order of waking is kept: who waits
// for zero before who waits for an increase, and each of these in the order of coming.
#pragma once

#include <cstdint>
#include <span>

#include "ipc/kernel_memory.h"
#include "ipc/object.h"
#include "lib/list.h"
#include "lib/time.h"
#include "task/wait_queue.h"

namespace kernel::ipc {

class SemaphoreSet;
class UndoList;

// What one process, or those that share a list, owes to one set: added to the semaphores when the last of them ends.
struct Undo {
  Vector<std::int16_t> adjustments;  // one for each semaphore
  KernelMemory memory;
  SemaphoreSet* set = nullptr;
  ListNode set_node;   // SemaphoreSet::undos_
  ListNode list_node;  // UndoList::undos_
};

struct Semaphore {
  std::uint16_t value = 0;
  std::int32_t last = 0;  // pid of the last operation
};

class SemaphoreSet final : public Object {
 public:
  static Result<Ref<SemaphoreSet>> create(int key, int count, int flags);
  SemaphoreSet(int key, int flags) : Object(key, flags), changed(now_in_seconds()) {}
  ~SemaphoreSet() override;

  int count() const { return static_cast<int>(semaphores_.size()); }
  SemaphoreRecord record() const;
  const Semaphore& semaphore(int number) const { return semaphores_[static_cast<std::size_t>(number)]; }
  // How many wait for this semaphore to be increased, or to become zero.
  int waiters(int number, bool for_zero);

  // SETVAL and SETALL: what was to be undone is forgotten.
  void set_value(int number, std::uint16_t value);
  void set_values(std::span<const std::uint16_t> values);

  // semop(2) of operations that were checked against the set; `undo` if any of them has SEM_UNDO. Waits if it must: kAgain,
  // kIntr, kIdRm.
  Result<void> operate(std::span<const SemaphoreOperation> operations, Undo* undo, Deadline deadline);
  // IPC_RMID.
  void remove();

 private:
  friend class UndoList;
  struct Waiter {
    Waiter(std::span<const SemaphoreOperation> what, Undo* to_undo, std::int32_t who)
        : operations(what), undo(to_undo), pid(who) {}
    std::span<const SemaphoreOperation> operations;
    Undo* undo;
    std::int32_t pid;
    const SemaphoreOperation* blocking = nullptr;  // the one that could not be done
    bool finished = false;
    Errno result = Errno::kNone;
    task::WaitQueue done;
    ListNode node;
  };
  using Waiters = List<Waiter, &Waiter::node>;
  enum class Attempt : std::uint8_t { kDone, kMustWait, kFailed };

  Attempt attempt(Waiter& waiter);
  void finish(Waiter& waiter, Errno result);
  bool finish_waiters_for_zero();
  bool finish_waiters_for_increase();
  // Whoever can go on goes on.
  void values_changed(bool operated);
  void apply(const Undo& undo);

  Vector<Semaphore> semaphores_;
  KernelMemory memory_;
  Waiters waiting_for_zero_;  // operations that change nothing
  Waiters waiting_;
  List<Undo, &Undo::set_node> undos_;
  std::int64_t operated_ = 0;

 public:
  std::int64_t changed = 0;
};

TableOf<SemaphoreSet>& semaphore_sets();
int semaphores_in_use();

// semget(2). `count` was checked against SEMMSL.
Result<int> get_semaphore_set(int key, int count, int flags);

}  // namespace kernel::ipc
