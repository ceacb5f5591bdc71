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

void LockClaim::join(Task& from) {
  leave();
  owner = &from;
  claimant->lock_claim = this;
  from.lock_claims.push_back(*this);
  inherit_along(owner);
}

void LockClaim::leave() {
  Task* const before = owner;
  owner_node.unlink();
  owner = nullptr;
  if (claimant && claimant->lock_claim == this) claimant->lock_claim = nullptr;
  inherit_along(before);
}

void note_priority_changed(Task& task) {
  if (task.lock_claim) inherit_along(task.lock_claim->owner);
}

}  // namespace kernel::task
