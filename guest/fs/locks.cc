#include "fs/locks.h"

#include <algorithm>
#include <utility>

#include "fs/file.h"
#include "fs/inode.h"

namespace kernel::fs {

namespace {

// The first of an owner's locks that does not end before `position`.
std::size_t first_reaching(const Vector<RecordLock>& locks, std::uint64_t position) {
  const auto* found =
      std::partition_point(locks.begin(), locks.end(), [&](const RecordLock& lock) { return lock.end < position; });
  return static_cast<std::size_t>(found - locks.begin());
}

}  // namespace

Result<LockTable*> LockTable::of(Inode& inode) {
  if (!inode.locks) {
    inode.locks = new (std::nothrow) LockTable;
    if (!inode.locks) return Errno::kNoMem;
  }
  return inode.locks;
}

template <typename Visit>
void LockTable::for_each_conflict(const RecordLock& lock, Visit visit) const {
  for (const Owner& owner : owners_) {
    if (owner.identity == lock.owner) continue;
    for (std::size_t i = first_reaching(owner.locks, lock.start); i < owner.locks.size(); ++i) {
      const RecordLock& held = owner.locks[i];
      if (held.start > lock.end) break;
      if (held.type != LockType::kWrite && lock.type != LockType::kWrite) continue;
      if (!visit(held)) return;
      break;
    }
  }
}

const RecordLock* LockTable::conflict(const RecordLock& lock) const {
  const RecordLock* first = nullptr;
  for_each_conflict(lock, [&](const RecordLock& held) {
    first = &held;
    return false;
  });
  return first;
}

const RecordLock* LockTable::own(const RecordLock& range) const {
  for (const Owner& owner : owners_) {
    if (owner.identity != range.owner) continue;
    const std::size_t i = first_reaching(owner.locks, range.start);
    if (i < owner.locks.size() && owner.locks[i].start <= range.end) return &owner.locks[i];
  }
  return nullptr;
}

LockTable::Waiting::Waiting(const LockTable& at, const RecordLock& lock)
    : table(at), wanted(lock), next_in_bucket_(std::exchange(bucket_of(lock.owner), this)) {}

LockTable::Waiting::~Waiting() {
  Waiting** link = &bucket_of(wanted.owner);
  while (*link != this) link = &(*link)->next_in_bucket_;
  *link = next_in_bucket_;
}

// All requests that wait for record locks, in all tables.
LockTable::Waiting*& LockTable::Waiting::bucket_of(const void* owner) {
  constinit static Waiting* buckets[256] = {};
  // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
  return buckets[reinterpret_cast<std::uint64_t>(owner) * 0x9e37'79b9'7f4a'7c15 >> 56];
}

LockTable::Waiting* LockTable::Waiting::first_of(const void* owner) {
  Waiting* request = bucket_of(owner);
  while (request && request->wanted.owner != owner) request = request->next_in_bucket_;
  return request;
}

LockTable::Waiting* LockTable::Waiting::next_of_owner() const {
  Waiting* request = next_in_bucket_;
  while (request && request->wanted.owner != wanted.owner) request = request->next_in_bucket_;
  return request;
}

// Whether the requester holds what it would wait for, by way of others who wait. All owners that are in the way are
// looked at, not only the first, so that no circle is missed; but no more than kMostLookedAt, lest a crowd that waits
// for each other keeps the kernel busy (Linux gives up after ten steps: fs/locks.c, MAX_DEADLK_ITERATIONS). Open file
// description locks have no process that could wait for itself, and are left out, as fcntl(2) says.
bool LockTable::would_deadlock(Waiting& request) {
  constexpr std::size_t kMostLookedAt = 1 << 18;
  const void* requester = request.wanted.owner;
  constinit static std::uint64_t searches = 0;
  const std::uint64_t search = ++searches;
  request.visited_by = search;
  bool found = false;
  std::size_t looked_at = 0;
  request.next_to_visit = nullptr;
  for (Waiting* to_visit = &request; to_visit && !found && looked_at < kMostLookedAt;) {
    const Waiting& at = *to_visit;
    to_visit = at.next_to_visit;
    looked_at += at.table.owners_.size();
    at.table.for_each_conflict(at.wanted, [&](const RecordLock& held) {
      found = held.owner == requester;
      for (Waiting* other = Waiting::first_of(held.owner); other; other = other->next_of_owner()) {
        if (other->visited_by == search || !other->wanted.of_process()) continue;
        other->visited_by = search;
        other->next_to_visit = to_visit;
        to_visit = other;
      }
      return !found;
    });
  }
  return found;
}

Result<void> LockTable::set(const RecordLock& lock, bool wait) {
  if (lock.type != LockType::kUnlock && conflict(lock)) {
    if (!wait) return Errno::kAgain;
    Waiting request(*this, lock);
    // Asked once: a circle that comes later is closed by somebody else's wait, who asks then.
    if (lock.of_process() && would_deadlock(request)) return Errno::kDeadLk;
    TRY(changed_.wait_until([&] { return conflict(lock) == nullptr; }));
  }
  // Only what its owner gives back can let others go on: a lock where there was none would wake them all in vain.
  const bool gives_back = own(lock) != nullptr;
  if (!apply(lock)) return Errno::kNoLck;
  if (gives_back) changed_.wake_all();
  return {};
}

Result<void> LockTable::apply(const RecordLock& lock) {
  std::size_t index = 0;
  while (index < owners_.size() && owners_[index].identity != lock.owner) ++index;
  if (index == owners_.size()) {
    if (lock.type == LockType::kUnlock) return {};
    Owner owner{lock.owner, {}};
    TRY(apply_to(owner.locks, lock));
    return owners_.push_back(std::move(owner));
  }
  TRY(apply_to(owners_[index].locks, lock));
  if (owners_[index].locks.empty()) owners_.erase(index);
  return {};
}

// The new lock replaces what its owner holds in its range; what sticks out on either side stays. Locks of one type that
// touch become one.
Result<void> LockTable::apply_to(Vector<RecordLock>& locks, const RecordLock& lock) {
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

bool LockTable::whole_conflict(const File& file, LockType type) const {
  for (const WholeLock& held : wholes_) {
    if (held.file != &file && (held.type == LockType::kWrite || type == LockType::kWrite)) return true;
  }
  return false;
}

Result<void> LockTable::set_whole(const File& file, LockType type, bool wait) {
  // Converting a lock drops the old one first (flock(2)), so another waiter may come in between.
  for (std::size_t i = 0; i < wholes_.size(); ++i) {
    if (wholes_[i].file != &file) continue;
    if (wholes_[i].type == type) return {};
    wholes_.erase(i);
    changed_.wake_all();
    break;
  }
  if (type == LockType::kUnlock) return {};
  if (!wait && whole_conflict(file, type)) return Errno::kAgain;
  TRY(changed_.wait_until([&] { return !whole_conflict(file, type); }));
  return wholes_.push_back(WholeLock{&file, type});
}

void LockTable::release(const void* identity) {
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    if (owners_[i].identity != identity) continue;
    owners_.erase(i);
    changed_.wake_all();
    return;
  }
}

void LockTable::release_owner(const FileTable& owner) {
  release(&owner);
}

void LockTable::release_file(const File& file) {
  release(&file);
  for (std::size_t i = wholes_.size(); i > 0; --i) {
    if (wholes_[i - 1].file == &file) wholes_.erase(i - 1);
  }
  changed_.wake_all();
  leases_.release(file);
}

}  // namespace kernel::fs
