#include "syscall/attribute_calls.h"

#include "fs/fs_context.h"
#include "fs/notify.h"
#include "fs/vfs.h"
#include "mm/address_space.h"
#include "syscall/file_arguments.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

// utimensat(2): special values of the nanoseconds.
constexpr std::int64_t kUtimeNow = 0x3fffffff;
constexpr std::int64_t kUtimeOmit = 0x3ffffffe;

// Times as given, with kUtimeNow and kUtimeOmit still in them.
struct GivenTimes {
  Timespec accessed{0, kUtimeNow};
  Timespec modified{0, kUtimeNow};
};

bool is_valid(const Timespec& time) {
  const bool ordinary = time.nanoseconds >= 0 && time.nanoseconds < 1'000'000'000;
  return ordinary || time.nanoseconds == kUtimeNow || time.nanoseconds == kUtimeOmit;
}

SyscallResult apply_times(const fs::Path& path, GivenTimes given) {
  if (!is_valid(given.accessed) || !is_valid(given.modified)) return Errno::kInval;
  const Timespec now = to_timespec(realtime_ns());
  fs::NewTimes times;
  times.set_to_now = given.accessed.nanoseconds == kUtimeNow && given.modified.nanoseconds == kUtimeNow;
  if (given.accessed.nanoseconds == kUtimeNow) given.accessed = now;
  if (given.modified.nanoseconds == kUtimeNow) given.modified = now;
  if (given.accessed.nanoseconds != kUtimeOmit) times.accessed = &given.accessed;
  if (given.modified.nanoseconds != kUtimeOmit) times.modified = &given.modified;
  if (!times.accessed && !times.modified) return 0;
  return done(fs::change_times(path, times));
}

Result<Timespec> from_timeval(mm::UserPtr<const Timeval> address) {
  const Timeval value = TRY(address.read());
  if (value.microseconds < 0 || value.microseconds >= 1'000'000) return Errno::kInval;
  return Timespec{value.seconds, value.microseconds * 1000};
}

SyscallResult set_times_timeval(int directory_fd, mm::UserString path, mm::UserPtr<const Timeval> times) {
  GivenTimes given;
  if (times) {
    given.accessed = TRY(from_timeval(times));
    given.modified = TRY(from_timeval(times + 1));
  }
  // futimesat(fd, NULL, ...) is the descriptor itself (futimesat(2)).
  if (!path && directory_fd == fs::kAtFdCwd) return Errno::kFault;
  const fs::Path found =
      path ? TRY(resolve_argument(directory_fd, path, fs::LastLink::kFollow)) : TRY(resolve_argument_fd(directory_fd));
  return apply_times(found, given);
}

// An open file that an fd-only call changes: O_PATH is not enough.
Result<fs::Path> open_path_of(int fd) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  return fs::Path(file->path());
}

Result<fs::Path> followed(mm::UserString path) {
  return resolve_argument(fs::kAtFdCwd, path, fs::LastLink::kFollow);
}

SyscallResult check_open(int fd) {
  TRY(file_argument(fd));
  return 0;
}

}  // namespace

SyscallResult sys_chmod(mm::UserString path, std::uint32_t mode) {
  return sys_fchmodat(fs::kAtFdCwd, path, mode);
}

SyscallResult sys_fchmod(int fd, std::uint32_t mode) {
  return done(fs::change_permissions(TRY(open_path_of(fd)), mode));
}

SyscallResult sys_fchmodat(int directory_fd, mm::UserString path, std::uint32_t mode) {
  return sys_fchmodat2(directory_fd, path, mode, 0);
}

SyscallResult sys_fchmodat2(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t flags) {
  if (flags & ~(fs::kAtSymlinkNoFollow | fs::kAtEmptyPath)) return Errno::kInval;
  const fs::Path found = TRY(resolve_argument(directory_fd, path, last_link(flags), flags));
  // A symbolic link has no permissions of its own (symlink(7)).
  if (found.dentry->inode()->is_symlink()) return Errno::kOpNotSupp;
  return done(fs::change_permissions(found, mode));
}

SyscallResult sys_chown(mm::UserString path, std::uint32_t uid, std::uint32_t gid) {
  return sys_fchownat(fs::kAtFdCwd, path, uid, gid, 0);
}

SyscallResult sys_lchown(mm::UserString path, std::uint32_t uid, std::uint32_t gid) {
  return sys_fchownat(fs::kAtFdCwd, path, uid, gid, fs::kAtSymlinkNoFollow);
}

SyscallResult sys_fchown(int fd, std::uint32_t uid, std::uint32_t gid) {
  return done(fs::change_owner(TRY(open_path_of(fd)), uid, gid));
}

SyscallResult sys_fchownat(int directory_fd, mm::UserString path, std::uint32_t uid, std::uint32_t gid,
                           std::uint32_t flags) {
  if (flags & ~(fs::kAtSymlinkNoFollow | fs::kAtEmptyPath)) return Errno::kInval;
  const fs::Path found = TRY(resolve_argument(directory_fd, path, last_link(flags), flags));
  return done(fs::change_owner(found, uid, gid));
}

SyscallResult sys_utime(mm::UserString path, mm::UserPtr<const UserTimeBuffer> times) {
  GivenTimes given;
  if (times) {
    const UserTimeBuffer value = TRY(times.read());
    given.accessed = {value.accessed, 0};
    given.modified = {value.modified, 0};
  }
  return apply_times(TRY(followed(path)), given);
}

SyscallResult sys_utimes(mm::UserString path, mm::UserPtr<const Timeval> times) {
  if (!path) return Errno::kFault;
  return set_times_timeval(fs::kAtFdCwd, path, times);
}

SyscallResult sys_futimesat(int directory_fd, mm::UserString path, mm::UserPtr<const Timeval> times) {
  return set_times_timeval(directory_fd, path, times);
}

SyscallResult sys_utimensat(int directory_fd, mm::UserString path, mm::UserPtr<const Timespec> times,
                            std::uint32_t flags) {
  if (flags & ~(fs::kAtSymlinkNoFollow | fs::kAtEmptyPath)) return Errno::kInval;
  GivenTimes given;
  if (times) {
    given.accessed = TRY(times.read());
    given.modified = TRY((times + 1).read());
    // Nothing to do, whatever for (utimensat(2)).
    if (given.accessed.nanoseconds == kUtimeOmit && given.modified.nanoseconds == kUtimeOmit) return 0;
  }
  if (!path && directory_fd == fs::kAtFdCwd) return Errno::kFault;
  if (!path) {
    // futimens(3).
    if (flags != 0) return Errno::kInval;
    return apply_times(TRY(open_path_of(directory_fd)), given);
  }
  return apply_times(TRY(resolve_argument(directory_fd, path, last_link(flags), flags)), given);
}

SyscallResult sys_truncate(mm::UserString path, std::int64_t size) {
  if (size < 0) return Errno::kInval;
  return done(fs::truncate(TRY(followed(path)), static_cast<std::uint64_t>(size)));
}

SyscallResult sys_ftruncate(int fd, std::int64_t size) {
  if (size < 0) return Errno::kInval;
  const Ref<fs::File> file = TRY(file_argument(fd));
  if (!file->writable() || !file->inode().is_regular()) return Errno::kInval;
  TRY(fs::truncate(file->inode(), static_cast<std::uint64_t>(size)));
  notify(*file->path().dentry, fs::kInModify);
  return 0;
}

SyscallResult sys_fallocate(int fd, int mode, std::int64_t offset, std::int64_t length) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  if (offset < 0 || length <= 0) return Errno::kInval;
  if (!file->writable()) return Errno::kBadF;
  if (file->inode().type() == fs::FileType::kFifo) return Errno::kSPipe;
  if (file->inode().is_directory()) return Errno::kIsDir;
  TRY(file->allocate(mode, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length)));
  notify(*file, fs::kInModify);
  return 0;
}

SyscallResult sys_umask(std::uint32_t mask) {
  std::uint32_t& current = task::current().fs->umask;
  const std::uint32_t old = current;
  current = mask & 0777;
  return old;
}

SyscallResult sys_fsync(int fd) {
  return done(TRY(file_argument(fd))->sync());
}

SyscallResult sys_fdatasync(int fd) {
  return sys_fsync(fd);
}
SyscallResult sys_sync() {
  return 0;
}
SyscallResult sys_syncfs(int fd) {
  return check_open(fd);
}

SyscallResult sys_sync_file_range(int fd, std::int64_t offset, std::int64_t length, std::uint32_t flags) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  std::int64_t end;
  if (offset < 0 || length < 0 || __builtin_add_overflow(offset, length, &end) || (flags & ~7u)) return Errno::kInval;
  if (file->is_stream()) return Errno::kSPipe;
  return 0;
}

// File data is in memory already: there is nothing to be advised on.
SyscallResult sys_fadvise64(int fd, std::int64_t, std::int64_t length, int advice) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  if (file->inode().type() == fs::FileType::kFifo) return Errno::kSPipe;
  if (length < 0 || advice < 0 || advice > 5) return Errno::kInval;
  return 0;
}

SyscallResult sys_readahead(int fd, std::int64_t, std::size_t) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  if (!file->readable()) return Errno::kBadF;
  if (!file->inode().is_regular()) return Errno::kInval;
  return 0;
}

}  // namespace kernel::syscall
