// Advisory locks on one inode: POSIX record locks (fcntl(2) F_SETLK), open file description locks (F_OFD_SETLK) and
// flock(2). The first two share one space of byte ranges; flock is a space of its own, as on Linux. Leases are kept with them.
#pragma once

#include <cstdint>

#include "fs/leases.h"
#include "fs/lock_type.h"
#include "lib/result.h"
#include "lib/vector.h"
#include "task/wait_queue.h"

namespace kernel::fs {

class File;
class FileTable;
class Inode;

struct RecordLock {
  const void* owner = nullptr;  // a FileTable (POSIX) or a File (open file description)
  int pid = 0;                  // -1 for an open file description lock
  LockType type = LockType::kRead;
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // last byte; kLastByte to the end of the file

  bool of_process() const { return pid >= 0; }
};
// Linux's OFFSET_MAX: no offset is larger.
inline constexpr std::uint64_t kLastByte = ~std::uint64_t{0} >> 1;

class LockTable {
 public:
  // The inode's table, made on first use. kNoMem.
  static Result<LockTable*> of(Inode& inode);

  // Sets or removes a lock. kAgain if another owner's lock is in the way and `wait` is false; else waits: kRestart when a
  // signal comes, kDeadLk if processes would wait for each other in a circle. kNoLck without memory.
  Result<void> set(const RecordLock& lock, bool wait);
  // A lock that would be in the way of `lock`: the first one, in the order in which the owners came and of each owner the
  // lowest. Null if there is none.
  const RecordLock* conflict(const RecordLock& lock) const;
  // The first lock of this owner that overlaps the range (F_OFD_GETLK with F_UNLCK), or null.
  const RecordLock* own(const RecordLock& range) const;

  // flock(2): one lock per open file description on the whole file.
  Result<void> set_whole(const File& file, LockType type, bool wait);

  Leases& leases() { return leases_; }

  void release_owner(const FileTable& owner);
  void release_file(const File& file);

 private:
  // The locks of one owner, which do not overlap, by ascending start.
  struct Owner {
    const void* identity;
    Vector<RecordLock> locks;
  };
  // A request that sleeps, or is about to: found by its owner.
  class Waiting {
   public:
    Waiting(const LockTable& table, const RecordLock& wanted);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    // The first of its requests, then next_of_owner().
    static Waiting* first_of(const void* owner);
    Waiting* next_of_owner() const;

    const LockTable& table;
    const RecordLock& wanted;
    Waiting* next_to_visit = nullptr;
    std::uint64_t visited_by = 0;  // the number of the search

   private:
    static Waiting*& bucket_of(const void* owner);
    Waiting* next_in_bucket_;
  };

  static bool would_deadlock(Waiting& request);
  // Calls `visit` for the first lock that is in the way of each other owner that has one, until it returns false.
  template <typename Visit>
  void for_each_conflict(const RecordLock& lock, Visit visit) const;
  void release(const void* identity);
  Result<void> apply(const RecordLock& lock);
  static Result<void> apply_to(Vector<RecordLock>& locks, const RecordLock& lock);
  bool whole_conflict(const File& file, LockType type) const;

  struct WholeLock {
    const File* file;
    LockType type;
  };
  Vector<Owner> owners_;  // in the order in which they came
  Vector<WholeLock> wholes_;
  Leases leases_;
  task::WaitQueue changed_;
};

}  // namespace kernel::fs
