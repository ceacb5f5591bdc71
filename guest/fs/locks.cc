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

Result<void> LockTable::set(const RecordLock& lock, bool wait) {
  auto set = records_.set(lock, wait);
  if (!set && set.error() == Errno::kNoMem) return Errno::kNoLck;
  return set;
}

Result<void> LockTable::set_whole(const File& file, LockType type, bool wait) {
  RecordLock lock;
  lock.owner = &file;
  lock.pid = -1;
  lock.type = type;
  lock.end = kLastByte;
  if (const RecordLock* held = wholes_.own(lock)) {
    if (held->type == type) return {};
    // Converting a lock drops the old one first (flock(2)), so another waiter may come in between.
    wholes_.release(&file);
  }
  return wholes_.set(lock, wait);
}

void LockTable::release_owner(const FileTable& owner) {
  records_.release(&owner);
}

void LockTable::release_file(const File& file) {
  records_.release(&file);
  wholes_.release(&file);
  leases_.release(file);
}

}  // namespace kernel::fs
