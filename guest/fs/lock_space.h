// One space of byte-range locks: who holds what, and who waits for it in which order. An inode has two of them (fs/locks.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/lock_type.h"
#include "lib/list.h"
#include "lib/result.h"
#include "lib/vector.h"
#include "task/wait_queue.h"

namespace kernel::fs {

struct RecordLock {
  const void* owner = nullptr;  // a FileTable (POSIX) or a File (open file description, flock)
  int pid = 0;                  // -1 for a lock that is a File's
  LockType type = LockType::kRead;
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // last byte; kLastByte to the end of the file

  bool of_process() const { return pid >= 0; }
  bool overlaps(const RecordLock& other) const { return start <= other.end && other.start <= end; }
  // Both cannot be held at once.
  bool excludes(const RecordLock& other) const {
    return owner != other.owner && (type == LockType::kWrite || other.type == LockType::kWrite) && overlaps(other);
  }
};
// Linux's OFFSET_MAX: no offset is larger.
inline constexpr std::uint64_t kLastByte = ~std::uint64_t{0} >> 1;

class LockSpace {
 public:
  // Sets or removes a lock. kAgain if another owner's lock is in the way and `wait` is false; else waits, behind those who
  // came earlier for the same: kRestart when a signal comes, kDeadLk if processes would wait for each other in a circle.
  // Who asks when nothing is in the way need not wait for those who have been woken and did not run yet. kNoMem.
  Result<void> set(const RecordLock& lock, bool wait);
  // A lock that would be in the way of `lock`: the first one, in the order in which the owners came and of each owner the
  // lowest. Null if there is none.
  const RecordLock* conflict(const RecordLock& lock) const;
  // The first lock of this owner that overlaps the range, or null.
  const RecordLock* own(const RecordLock& range) const;
  // All that the owner holds.
  void release(const void* owner);

 private:
  // The locks of one owner, which do not overlap, by ascending start.
  struct Owner {
    const void* identity;
    Vector<RecordLock> locks;
  };

  // A request that sleeps, or is about to. It waits for the locks of one owner, alone or behind an earlier request that it
  // could not share with: so of those who wait for one lock the first is woken, and gets it (fs/locks.c, "the tree of
  // blocked requests").
  class Waiting {
   public:
    // `space` and `wanted` must outlive it.
    Waiting(LockSpace& space, const RecordLock& wanted);
    // Who was behind it waits for what it has got now, or, if it went without, tries for itself.
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    Result<void> wait();
    void has_got_it() { got_it_ = true; }
    bool is_first() const { return !behind_; }
    void wake() { woken_.wake_all(); }

    // The first request of the owner in all spaces, then next_of_owner().
    static Waiting* first_of(const void* owner);
    Waiting* next_of_owner() const;

    const LockSpace& space() const { return space_; }
    const RecordLock& wanted() const { return wanted_; }
    Waiting* behind() const { return behind_; }

    ListNode arrival;
    Waiting* next_to_visit = nullptr;
    std::uint64_t visited_by = 0;  // the number of the search

   private:
    bool may_go();
    static Waiting*& bucket_of(const void* owner);

    LockSpace& space_;
    const RecordLock& wanted_;
    const void* waits_for_ = nullptr;  // an owner
    Waiting* behind_ = nullptr;        // came earlier, and waits for the same owner
    bool got_it_ = false;
    task::WaitQueue woken_;
    Waiting* next_in_bucket_;
  };

  static bool would_deadlock(Waiting& request);
  // Calls `visit` for the first lock that is in the way of each other owner that has one, until it returns false.
  template <typename Visit>
  void for_each_conflict(const RecordLock& lock, Visit visit) const;
  // The first of an owner's locks that does not end before `position`.
  static std::size_t first_reaching(const Vector<RecordLock>& locks, std::uint64_t position);
  Result<void> apply(const RecordLock& lock);
  Result<void> replace(const RecordLock& lock);
  static Result<void> replace_in(Vector<RecordLock>& locks, const RecordLock& lock);
  void wake_first_ones();

  Vector<Owner> owners_;  // in the order in which they came
  List<Waiting, &Waiting::arrival> waiting_;
};

template <typename Visit>
void LockSpace::for_each_conflict(const RecordLock& lock, Visit visit) const {
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

}  // namespace kernel::fs
