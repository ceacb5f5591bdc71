// The robust list (set_robust_list(2), the kernel's robust-futex-ABI document): locks of an exiting thread are handed
// on.
#include "mm/user_ptr.h"
#include "task/futex.h"
#include "task/task.h"

namespace kernel::task {
namespace {

constexpr unsigned kListLimit = 2048;  // ROBUST_LIST_LIMIT

struct RobustListHead {
  std::uint64_t first;        // the next entry, or the head itself at the end; bit 0: a priority-inheritance lock
  std::int64_t futex_offset;  // from an entry to its lock word
  std::uint64_t pending;      // an entry that is just being put on the list or taken off
};

// Bit 0 of a pointer to an entry: a lock of FUTEX_LOCK_PI, which futex_leave_locks() hands on.
constexpr std::uint64_t kHandedOn = 1;

void release_lock(const Task& task, std::uint64_t address, bool was_pending, bool handed_on) {
  const mm::UserPtr<std::uint32_t> word(address);
  const auto value = word.read();
  if (!value || address % 4 != 0) return;
  if ((value.value() & kFutexOwnerMask) != static_cast<std::uint32_t>(task.tid)) {
    // Died between unlocking the word and waking a waiter: nobody else will.
    if (was_pending && !handed_on && value.value() == 0) futex_wake_address(address, 1);
    return;
  }
  if (!word.write((value.value() & kFutexWaiters) | kFutexOwnerDied)) return;
  if (!handed_on && (value.value() & kFutexWaiters)) futex_wake_address(address, 1);
}

}  // namespace

void futex_exit_robust_list(Task& task) {
  if (task.robust_list == 0) return;
  const auto head = mm::UserPtr<const RobustListHead>(task.robust_list).read();
  if (!head) return;
  const auto offset = static_cast<std::uint64_t>(head.value().futex_offset);
  const std::uint64_t pending = head.value().pending & ~kHandedOn;
  std::uint64_t entry = head.value().first & ~kHandedOn;
  bool handed_on = head.value().first & kHandedOn;
  for (unsigned i = 0; i < kListLimit && entry != task.robust_list; ++i) {
    // The successor first: once the lock is free, its new owner may change the entry.
    const auto next = mm::UserPtr<const std::uint64_t>(entry).read();
    if (entry != pending) release_lock(task, entry + offset, false, handed_on);
    if (!next) break;
    entry = next.value() & ~kHandedOn;
    handed_on = next.value() & kHandedOn;
  }
  if (pending) release_lock(task, pending + offset, true, head.value().pending & kHandedOn);
}

}  // namespace kernel::task
