// Leases on one inode (fcntl(2), F_SETLEASE). Before somebody else opens or truncates the file in a way that does not go with
// a lease, its holder is told by a signal; that somebody waits until the lease has been given up, or its holder has had his time.
#pragma once

#include <cstdint>

#include "fs/lock_type.h"
#include "lib/result.h"
#include "lib/time.h"
#include "lib/vector.h"
#include "task/wait_queue.h"

namespace kernel::fs {

class File;
class Inode;

class Leases {
 public:
  // F_SETLEASE by the current task; `fd` is what the signal will call the file. kAgain: others have the file open, or a lease of
  // it; or, for kUnlock, there is none. kAcces: somebody else's file, without CAP_LEASE. kInval: not a regular one.
  static Result<void> set(File& file, int fd, LockType type);
  // F_GETLEASE: kUnlock if there is none. Of one that was asked back, what is to become of it.
  static LockType get(const File& file);

  // What somebody is about to do with the file.
  enum class Intent : std::uint8_t { kRead, kWrite };
  // Asks back the leases that do not go with it, and waits for them: kRestart when a signal comes. kAgain where it must not wait.
  // Whoever calls is counted already as having the file open, so that no new lease comes in between.
  static Result<void> break_for(Inode& inode, Intent intent, bool may_wait = true);

  // The last descriptor of the file is gone.
  void release(const File& file);

 private:
  struct Lease {
    File* file;
    int fd;
    LockType type;
    // When it ends, or becomes one for reading, if its holder does nothing; never while nobody has asked for it.
    Deadline end = Deadline::never();
    Deadline downgrade = Deadline::never();

    bool bars(Intent intent) const { return type == LockType::kWrite || intent == Intent::kWrite; }
    bool asked_back() const { return !end.is_never() || !downgrade.is_never(); }
    // The sooner of the two.
    Deadline due() const { return end.ns() < downgrade.ns() ? end : downgrade; }
  };

  Result<void> add(File& file, int fd, LockType type);
  void ask_back(Intent intent);
  void change(Lease& lease, LockType type);
  void remove(Lease& lease);
  // Of those whose time is over.
  void enforce();
  Lease* of(const File& file);
  const Lease* barring(Intent intent) const;

  Vector<Lease> leases_;
  task::WaitQueue changed_;
};

}  // namespace kernel::fs
