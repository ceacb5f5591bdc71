#include "fs/locks.h"

#include "fs/file.h"
#include "fs/inode.h"

namespace kernel::fs {

Result<LockTable*> LockTable::of(Inode& inode) {
  if (!inode.locks) {
    inode.locks = new (std::nothrow) LockTable;
    if (!inode.locks) return Errno::kNoMem;
  }
  return inode.locks;
}

const RecordLock* LockTable::conflict(const RecordLock& lock) const {
  for (const RecordLock& held : records_) {
    if (held.owner == lock.owner || held.end < lock.start || held.start > lock.end) continue;
    if (held.type == LockType::kWrite || lock.type == LockType::kWrite) return &held;
  }
  return nullptr;
}

Result<void> LockTable::set(const RecordLock& lock, bool wait) {
  if (lock.type != LockType::kUnlock) {
    if (!wait && conflict(lock)) return Errno::kAgain;
    TRY(changed_.wait_until([&] { return conflict(lock) == nullptr; }));
  }
  TRY(apply(lock));
  changed_.wake_all();
  return {};
}

// The new lock replaces what its owner holds in its range; what sticks out on either side stays.
Result<void> LockTable::apply(const RecordLock& lock) {
  // At worst one lock is split in two and the new one is added.
  TRY(records_.reserve(records_.size() + 2));
  for (std::size_t i = 0; i < records_.size();) {
    RecordLock& held = records_[i];
    if (held.owner != lock.owner || held.end < lock.start || held.start > lock.end) {
      ++i;
      continue;
    }
    const RecordLock old = held;
    if (old.start < lock.start && old.end > lock.end) {
      held.end = lock.start - 1;
      RecordLock upper = old;
      upper.start = lock.end + 1;
      TRY(records_.push_back(upper));
      break;  // an owner's locks do not overlap, so no other one is touched
    }
    if (old.start < lock.start) {
      held.end = lock.start - 1;
      ++i;
    } else if (old.end > lock.end) {
      held.start = lock.end + 1;
      ++i;
    } else {
      records_.erase(i);
    }
  }
  if (lock.type != LockType::kUnlock) TRY(records_.push_back(lock));
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

void LockTable::release(const void* owner) {
  const std::size_t before = records_.size();
  for (std::size_t i = records_.size(); i > 0; --i) {
    if (records_[i - 1].owner == owner) records_.erase(i - 1);
  }
  if (records_.size() != before) changed_.wake_all();
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
}

}  // namespace kernel::fs
