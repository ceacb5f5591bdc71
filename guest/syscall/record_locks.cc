#include "syscall/record_locks.h"

#include "fs/file_table.h"
#include "fs/locks.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

// struct flock of the x86-64 ABI.
struct UserLock {
  std::int16_t type;
  std::int16_t whence;
  std::int32_t padding;
  std::int64_t start;
  std::int64_t length;
  std::int32_t pid;
  std::int32_t padding2;
};
static_assert(sizeof(UserLock) == 32);

Result<fs::RecordLock> decode(fs::File& file, const UserLock& user, bool owned_by_file) {
  std::int64_t base = 0;
  switch (user.whence) {
    case fs::kSeekSet:
      break;
    case fs::kSeekCur:
      base = static_cast<std::int64_t>(file.offset());
      break;
    case fs::kSeekEnd:
      base = static_cast<std::int64_t>(TRY(file.inode().metadata()).size);
      break;
    default:
      return Errno::kInval;
  }
  std::int64_t start;
  if (__builtin_add_overflow(base, user.start, &start)) return Errno::kOverflow;
  if (start < 0) return Errno::kInval;
  // No overflow from here on but where it is said: `start` is not negative.
  std::int64_t last = fs::kLastByte;
  if (user.length > 0) {
    if (__builtin_add_overflow(start, user.length - 1, &last)) return Errno::kOverflow;
  } else if (user.length < 0) {
    // A negative length is the range before the start (POSIX, fcntl()).
    last = start - 1;
    start += user.length;
    if (start < 0) return Errno::kInval;
  }
  if (user.type < 0 || user.type > 2) return Errno::kInval;
  if (owned_by_file && user.pid != 0) return Errno::kInval;

  fs::RecordLock lock;
  lock.owner = owned_by_file ? static_cast<const void*>(&file) : static_cast<const void*>(task::current().files.get());
  lock.pid = owned_by_file ? -1 : task::current().process->ids.pid;
  lock.type = static_cast<fs::LockType>(user.type);
  lock.start = static_cast<std::uint64_t>(start);
  lock.end = static_cast<std::uint64_t>(last);
  return lock;
}

}  // namespace

SyscallResult get_record_lock(fs::File& file, std::uint64_t flock_address, bool owned_by_file) {
  const mm::UserPtr<UserLock> address(flock_address);
  UserLock user = TRY(address.read());
  // For an open file description F_UNLCK asks for its own locks (since Linux 6.6; fs/locks.c, posix_test_lock).
  const bool asks_for_own = user.type == static_cast<std::int16_t>(fs::LockType::kUnlock);
  if (asks_for_own && !owned_by_file) return Errno::kInval;
  const fs::RecordLock wanted = TRY(decode(file, user, owned_by_file));
  const fs::LockTable* locks = file.inode().locks;
  const fs::RecordLock* found = !locks ? nullptr : asks_for_own ? locks->own(wanted) : locks->conflict(wanted);
  if (!found) {
    user.type = static_cast<std::int16_t>(fs::LockType::kUnlock);
  } else {
    user.type = static_cast<std::int16_t>(found->type);
    user.whence = fs::kSeekSet;
    user.start = static_cast<std::int64_t>(found->start);
    user.length = found->end == fs::kLastByte ? 0 : static_cast<std::int64_t>(found->end - found->start + 1);
    user.pid = found->pid;
  }
  TRY(address.write(user));
  return 0;
}

SyscallResult set_record_lock(int fd, const Ref<fs::File>& file, std::uint64_t flock_address, bool owned_by_file,
                              bool wait) {
  const UserLock user = TRY(mm::UserPtr<UserLock>(flock_address).read());
  fs::RecordLock lock = TRY(decode(*file, user, owned_by_file));
  if (lock.type == fs::LockType::kRead && !file->readable()) return Errno::kBadF;
  if (lock.type == fs::LockType::kWrite && !file->writable()) return Errno::kBadF;
  if (lock.type == fs::LockType::kUnlock && !file->inode().locks) return 0;
  // The table of descriptors is the owner: it must not go, and be made anew at the same place, while this waits.
  const Ref<fs::FileTable> files = task::current().files;
  fs::LockTable* locks = TRY(fs::LockTable::of(file->inode()));
  TRY(locks->set(lock, wait));
  // Closing a descriptor of the file drops the process's locks (fcntl(2)). If another thread did so while this one slept,
  // the lock came too late to be dropped.
  if (!owned_by_file && lock.type != fs::LockType::kUnlock) {
    const auto now = files->get_any(fd);
    if (!now || now.value() != file) {
      lock.type = fs::LockType::kUnlock;
      TRY(locks->set(lock, false));
      return Errno::kBadF;
    }
  }
  return 0;
}

}  // namespace kernel::syscall
