#include "task/lock_claim.h"

#include <algorithm>
#include <cstdint>

#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::task {
namespace {

constexpr int kLongestChain = 1024;  // max_lock_depth of Linux

// Gives the task what those who wait for it have; whether that is something new.
bool inherit(Task& owner) {
  std::uint8_t highest = 0;
  for (const LockClaim& claim : owner.lock_claims) {
    highest = std::max(highest, claim.claimant->scheduling.priority());
  }
  if (highest == owner.scheduling.inherited_priority()) return false;
  set_inherited_priority(owner, highest);
  return true;
}

// And on to whom it waits for. Each task is in one chain at most once, so its claims are looked at once.
void inherit_along(Task* owner) {
  for (int i = 0; owner && i < kLongestChain && inherit(*owner); ++i) {
    owner = owner->lock_claim ? owner->lock_claim->owner : nullptr;
  }
}

}  // namespace

Result<void> LockClaim::check_circle(const Task& from) const {
  const Task* task = &from;
  for (int i = 0; task != claimant; ++i) {
    if (i == kLongestChain) return Errno::kDeadLk;
    task = task->lock_claim ? task->lock_claim->owner : nullptr;
    if (!task) return {};
  }
  return Errno::kDeadLk;
}

void LockClaim::move_to(Task* to) {
  owner_node.unlink();
  owner = to;
  claimant->lock_claim = to ? this : nullptr;
  if (to) to->lock_claims.push_back(*this);
}

void LockClaim::join(Task& from) {
  leave();
  move_to(&from);
  inherit_along(owner);
}

void LockClaim::leave() {
  if (!owner) return;
  Task* const before = owner;
  move_to(nullptr);
  inherit_along(before);
}

void inherit_priority(Task& owner) {
  inherit_along(&owner);
}

void note_priority_changed(Task& task) {
  if (task.lock_claim) inherit_along(task.lock_claim->owner);
}

}  // namespace kernel::task
