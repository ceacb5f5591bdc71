#include "fs/lock_space.h"

#include <algorithm>
#include <utility>

namespace kernel::fs {

std::size_t LockSpace::first_reaching(const Vector<RecordLock>& locks, std::uint64_t position) {
  const auto* found =
      std::partition_point(locks.begin(), locks.end(), [&](const RecordLock& lock) { return lock.end < position; });
  return static_cast<std::size_t>(found - locks.begin());
}

const RecordLock* LockSpace::conflict(const RecordLock& lock) const {
  const RecordLock* first = nullptr;
  for_each_conflict(lock, [&](const RecordLock& held) {
    first = &held;
    return false;
  });
  return first;
}

const RecordLock* LockSpace::own(const RecordLock& range) const {
  for (const Owner& owner : owners_) {
    if (owner.identity != range.owner) continue;
    const std::size_t i = first_reaching(owner.locks, range.start);
    if (i < owner.locks.size() && owner.locks[i].start <= range.end) return &owner.locks[i];
  }
  return nullptr;
}

Result<void> LockSpace::set(const RecordLock& lock, bool wait) {
  if (lock.type == LockType::kUnlock || !conflict(lock)) return apply(lock);
  if (!wait) return Errno::kAgain;
  Waiting request(*this, lock);
  // Asked once: a circle that comes later is closed by somebody else's wait, who asks then.
  if (lock.of_process() && would_deadlock(request)) return Errno::kDeadLk;
  TRY(request.wait());
  TRY(apply(lock));
  request.has_got_it();
  return {};
}

void LockSpace::release(const void* owner) {
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    if (owners_[i].identity != owner) continue;
    owners_.erase(i);
    wake_first_ones();
    return;
  }
}

void LockSpace::wake_first_ones() {
  for (Waiting& request : waiting_) {
    if (request.is_first()) request.wake();
  }
}

Result<void> LockSpace::apply(const RecordLock& lock) {
  // Only what its owner gives back can let others go on: a lock where there was none would wake them in vain.
  const bool gives_back = own(lock) != nullptr;
  TRY(replace(lock));
  if (gives_back) wake_first_ones();
  return {};
}

Result<void> LockSpace::replace(const RecordLock& lock) {
  std::size_t index = 0;
  while (index < owners_.size() && owners_[index].identity != lock.owner) ++index;
  if (index == owners_.size()) {
    if (lock.type == LockType::kUnlock) return {};
    Owner owner{lock.owner, {}};
    TRY(replace_in(owner.locks, lock));
    return owners_.push_back(std::move(owner));
  }
  TRY(replace_in(owners_[index].locks, lock));
  if (owners_[index].locks.empty()) owners_.erase(index);
  return {};
}

// The new lock replaces what its owner holds in its range; what sticks out on either side stays. Locks of one type that
// touch become one.
Result<void> LockSpace::replace_in(Vector<RecordLock>& locks, const RecordLock& lock) {
  const std::size_t first = first_reaching(locks, lock.start > 0 ? lock.start - 1 : 0);
  std::size_t last = first;
  RecordLock whole = lock;
  RecordLock pieces[3];
  std::size_t count = 0;
  RecordLock behind;
  bool has_behind = false;
  for (; last < locks.size() && (lock.end == kLastByte || locks[last].start <= lock.end + 1); ++last) {
    const RecordLock& held = locks[last];
    if (held.type == lock.type) {
      whole.start = std::min(whole.start, held.start);
      whole.end = std::max(whole.end, held.end);
      continue;
    }
    if (held.start < lock.start) {
      pieces[count] = held;
      pieces[count++].end = std::min(held.end, lock.start - 1);
    }
    if (held.end > lock.end) {
      behind = held;
      behind.start = std::max(held.start, lock.end + 1);
      has_behind = true;
    }
  }
  if (lock.type != LockType::kUnlock) pieces[count++] = whole;
  if (has_behind) pieces[count++] = behind;
  // At worst one lock is split in two and the new one is added. Room first, so that all or nothing changes.
  const std::size_t before = last;
  for (; last - first < count; ++last) {
    if (auto made = locks.insert(last, RecordLock{}); !made) {
      locks.erase(before, last);
      return made;
    }
  }
  for (std::size_t i = 0; i < count; ++i) locks[first + i] = pieces[i];
  locks.erase(first + count, last);
  return {};
}

}  // namespace kernel::fs
