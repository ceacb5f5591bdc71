#include "fs/leases.h"

#include "fs/access.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/locks.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// /proc/sys/fs/lease-break-time, as it is unless somebody sets it (proc(5)).
constexpr std::uint64_t kBreakTime = 45 * kNanosecondsPerSecond;

// A lease for reading goes with readers, one for writing with nobody but its own descriptor (fs/locks.c of Linux,
// check_conflicting_open()).
bool is_open_elsewhere(const File& file, LockType type) {
  const Inode& inode = file.inode();
  if (type == LockType::kRead) return inode.write_count > 0;
  return inode.write_count != (file.writable() ? 1 : 0) || inode.read_count != (file.writable() ? 0 : 1);
}

}  // namespace

Result<void> Leases::set(File& file, int fd, LockType type) {
  Inode& inode = file.inode();
  const Subject subject = Subject::current();
  if (TRY(inode.metadata()).uid != subject.uid && !subject.can(task::Capability::kLease)) return Errno::kAcces;
  if (!inode.is_regular()) return Errno::kInval;
  if (type != LockType::kUnlock) return TRY(LockTable::of(inode))->leases().add(file, fd, type);
  Lease* lease = inode.locks ? inode.locks->leases().of(file) : nullptr;
  if (!lease) return Errno::kAgain;
  inode.locks->leases().remove(*lease);
  return {};
}

LockType Leases::get(const File& file) {
  LockTable* locks = file.inode().locks;
  if (!locks) return LockType::kUnlock;
  locks->leases().enforce();
  const Lease* lease = locks->leases().of(file);
  if (!lease || !lease->end.is_never()) return LockType::kUnlock;
  return lease->downgrade.is_never() ? lease->type : LockType::kRead;
}

Result<void> Leases::add(File& file, int fd, LockType type) {
  if (is_open_elsewhere(file, type)) return Errno::kAgain;
  for (const Lease& lease : leases_) {
    if (lease.file != &file && (type == LockType::kWrite || !lease.end.is_never())) return Errno::kAgain;
  }
  FileOwner* owner = TRY(file.make_owner());
  if (Lease* lease = of(file)) {
    lease->fd = fd;
    change(*lease, type);
  } else {
    TRY(leases_.push_back(Lease{.file = &file, .fd = fd, .type = type}));
  }
  // Who is told, unless somebody else was named for it.
  if (owner->get().id == 0)
    TRY(owner->set({.kind = FileOwner::Kind::kProcess, .id = task::current().process->ids.pid}));
  return {};
}

Result<void> Leases::break_for(Inode& inode, Intent intent, bool may_wait) {
  if (!inode.locks) return {};
  Leases& leases = inode.locks->leases();
  leases.enforce();
  if (!leases.barring(intent)) return {};
  leases.ask_back(intent);
  if (!may_wait) return Errno::kAgain;
  while (const Lease* lease = leases.barring(intent)) {
    auto gone = leases.changed_.wait_until([&] { return !leases.barring(intent); }, lease->due());
    if (!gone && gone.error() != Errno::kTimedOut) return gone;
    leases.enforce();
  }
  return {};
}

void Leases::ask_back(Intent intent) {
  const Deadline deadline = Deadline::after(kBreakTime);
  for (Lease& lease : leases_) {
    if (!lease.bars(intent)) continue;
    // Once for each that is asked of it.
    if (intent == Intent::kWrite ? !lease.end.is_never() : lease.asked_back()) continue;
    (intent == Intent::kWrite ? lease.end : lease.downgrade) = deadline;
    if (FileOwner* owner = lease.file->owner()) owner->tell_of_lease(lease.fd);
  }
}

void Leases::change(Lease& lease, LockType type) {
  lease.type = type;
  if (type == LockType::kRead) lease.downgrade = Deadline::never();
  changed_.wake_all();
}

// With it goes who was to be told (lease_modify() of Linux).
void Leases::remove(Lease& lease) {
  if (FileOwner* owner = lease.file->owner()) owner->forget();
  leases_.erase(static_cast<std::size_t>(&lease - leases_.data()));
  changed_.wake_all();
}

void Leases::enforce() {
  for (std::size_t i = leases_.size(); i > 0; --i) {
    Lease& lease = leases_[i - 1];
    if (lease.end.passed()) {
      remove(lease);
    } else if (lease.downgrade.passed()) {
      change(lease, LockType::kRead);
    }
  }
}

void Leases::release(const File& file) {
  if (Lease* lease = of(file)) remove(*lease);
}

Leases::Lease* Leases::of(const File& file) {
  for (Lease& lease : leases_) {
    if (lease.file == &file) return &lease;
  }
  return nullptr;
}

const Leases::Lease* Leases::barring(Intent intent) const {
  for (const Lease& lease : leases_) {
    if (lease.bars(intent)) return &lease;
  }
  return nullptr;
}

}  // namespace kernel::fs
