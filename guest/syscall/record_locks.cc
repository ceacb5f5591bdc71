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

constexpr std::uint64_t kToEnd = ~std::uint64_t{0};

Result<fs::RecordLock> decode(fs::File& file, const UserLock& user, bool owned_by_file) {
  if (user.type < 0 || user.type > 2) return Errno::kInval;
  if (owned_by_file && user.pid != 0) return Errno::kInval;
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
  std::int64_t start, end;
  if (__builtin_add_overflow(base, user.start, &start)) return Errno::kOverflow;
  if (__builtin_add_overflow(start, user.length, &end)) return Errno::kOverflow;
  // A negative length is the range before the start (POSIX, fcntl()).
  const std::int64_t first = user.length < 0 ? end : start;
  const std::int64_t last = user.length < 0 ? start - 1 : end - 1;
  if (first < 0) return Errno::kInval;

  fs::RecordLock lock;
  lock.owner = owned_by_file ? static_cast<const void*>(&file) : static_cast<const void*>(task::current().files.get());
  lock.pid = owned_by_file ? -1 : task::current().process->pid;
  lock.type = static_cast<fs::LockType>(user.type);
  lock.start = static_cast<std::uint64_t>(first);
  lock.end = user.length == 0 ? kToEnd : static_cast<std::uint64_t>(last);
  return lock;
}

}  // namespace

SyscallResult get_record_lock(fs::File& file, std::uint64_t flock_address, bool owned_by_file) {
  const mm::UserPtr<UserLock> address(flock_address);
  UserLock user = TRY(address.read());
  const fs::RecordLock wanted = TRY(decode(file, user, owned_by_file));
  if (wanted.type == fs::LockType::kUnlock) return Errno::kInval;
  const fs::RecordLock* found = file.inode().locks ? file.inode().locks->conflict(wanted) : nullptr;
  if (!found) {
    user.type = static_cast<std::int16_t>(fs::LockType::kUnlock);
  } else {
    user.type = static_cast<std::int16_t>(found->type);
    user.whence = fs::kSeekSet;
    user.start = static_cast<std::int64_t>(found->start);
    user.length = found->end == kToEnd ? 0 : static_cast<std::int64_t>(found->end - found->start + 1);
    user.pid = found->pid;
  }
  TRY(address.write(user));
  return 0;
}

SyscallResult set_record_lock(fs::File& file, std::uint64_t flock_address, bool owned_by_file, bool wait) {
  const UserLock user = TRY(mm::UserPtr<UserLock>(flock_address).read());
  const fs::RecordLock lock = TRY(decode(file, user, owned_by_file));
  if (lock.type == fs::LockType::kRead && !file.readable()) return Errno::kBadF;
  if (lock.type == fs::LockType::kWrite && !file.writable()) return Errno::kBadF;
  if (lock.type == fs::LockType::kUnlock && !file.inode().locks) return 0;
  fs::LockTable* locks = TRY(fs::LockTable::of(file.inode()));
  TRY(locks->set(lock, wait));
  return 0;
}

}  // namespace kernel::syscall
