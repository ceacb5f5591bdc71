// Advisory locks on one inode: POSIX record locks (fcntl(2) F_SETLK), open file description locks (F_OFD_SETLK) and
// flock(2). The first two share one space of byte ranges; flock is a space of its own, as on Linux.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "lib/vector.h"
#include "task/wait_queue.h"

namespace kernel::fs {

class File;
class FileTable;
class Inode;

enum class LockType : std::uint8_t { kRead = 0, kWrite = 1, kUnlock = 2 };  // F_RDLCK, F_WRLCK, F_UNLCK

struct RecordLock {
  const void* owner = nullptr;  // a FileTable (POSIX) or a File (open file description)
  int pid = 0;                  // -1 for an open file description lock
  LockType type = LockType::kRead;
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // last byte; ~0 to the end of the file
};

class LockTable {
 public:
  // The inode's table, made on first use. kNoMem.
  static Result<LockTable*> of(Inode& inode);

  // Sets or removes a lock. kAgain if another owner's lock is in the way and `wait` is false; else waits (kRestart when
  // a signal comes, kDeadLk is not detected).
  Result<void> set(const RecordLock& lock, bool wait);
  // The first lock that would be in the way of `lock`, or null.
  const RecordLock* conflict(const RecordLock& lock) const;

  // flock(2): one lock per open file description on the whole file.
  Result<void> set_whole(const File& file, LockType type, bool wait);

  void release_owner(const FileTable& owner);
  void release_file(const File& file);

 private:
  void release(const void* owner);
  Result<void> apply(const RecordLock& lock);
  bool whole_conflict(const File& file, LockType type) const;

  struct WholeLock {
    const File* file;
    LockType type;
  };
  Vector<RecordLock> records_;
  Vector<WholeLock> wholes_;
  task::WaitQueue changed_;
};

}  // namespace kernel::fs
