// Advisory locks on one inode: POSIX record locks (fcntl(2) F_SETLK), open file description locks (F_OFD_SETLK) and
// flock(2). The first two share one space of byte ranges; flock is a space of its own, as on Linux. Leases are kept with them.
#pragma once

#include "fs/leases.h"
#include "fs/lock_space.h"
#include "lib/result.h"

namespace kernel::fs {

class File;
class FileTable;
class Inode;

class LockTable {
 public:
  // The inode's table, made on first use. kNoMem.
  static Result<LockTable*> of(Inode& inode);

  // fcntl(2)'s locks, as LockSpace says; kNoLck without memory.
  Result<void> set(const RecordLock& lock, bool wait);
  const RecordLock* conflict(const RecordLock& lock) const { return records_.conflict(lock); }
  // F_OFD_GETLK with F_UNLCK.
  const RecordLock* own(const RecordLock& range) const { return records_.own(range); }

  // flock(2): one lock per open file description on the whole file.
  Result<void> set_whole(const File& file, LockType type, bool wait);

  Leases& leases() { return leases_; }

  void release_owner(const FileTable& owner);
  void release_file(const File& file);

 private:
  LockSpace records_;
  LockSpace wholes_;
  Leases leases_;
};

}  // namespace kernel::fs
