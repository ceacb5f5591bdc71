#include "syscall/stat_calls.h"

#include <algorithm>

#include "fs/access.h"
#include "fs/file_table.h"
#include "fs/vfs.h"
#include "syscall/file_arguments.h"
#include "task/task.h"

namespace kernel::syscall {

struct UserStat {
  std::uint64_t device;
  std::uint64_t inode;
  std::uint64_t links;
  std::uint32_t mode;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint32_t padding;
  std::uint64_t special_device;
  std::int64_t size;
  std::int64_t block_size;
  std::int64_t blocks;
  Timespec accessed, modified, changed;
  std::int64_t unused[3];
};
static_assert(sizeof(UserStat) == 144);

struct UserStatx {
  struct Time {
    std::int64_t seconds;
    std::uint32_t nanoseconds;
    std::int32_t padding;
  };
  std::uint32_t mask;
  std::uint32_t block_size;
  std::uint64_t attributes;
  std::uint32_t links;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint16_t mode;
  std::uint16_t padding;
  std::uint64_t inode;
  std::uint64_t size;
  std::uint64_t blocks;
  std::uint64_t attributes_mask;
  Time accessed, born, changed, modified;
  std::uint32_t special_major, special_minor;
  std::uint32_t device_major, device_minor;
  std::uint64_t mount_id;
  std::uint64_t spare[13];
};
static_assert(sizeof(UserStatx) == 256);

namespace {

constexpr std::uint32_t kStatxBasic = 0x7ff;
constexpr std::uint32_t kStatxMountId = 0x1000;
constexpr std::uint64_t kAttributeMountRoot = 0x2000;

SyscallResult write_stat(const fs::Metadata& metadata, mm::UserPtr<UserStat> result) {
  UserStat stat{};
  stat.device = metadata.device;
  stat.inode = metadata.inode;
  stat.links = metadata.links;
  stat.mode = metadata.mode;
  stat.uid = metadata.uid;
  stat.gid = metadata.gid;
  stat.special_device = metadata.special_device;
  stat.size = static_cast<std::int64_t>(metadata.size);
  stat.block_size = metadata.block_size;
  stat.blocks = static_cast<std::int64_t>(metadata.blocks);
  stat.accessed = metadata.accessed;
  stat.modified = metadata.modified;
  stat.changed = metadata.changed;
  TRY(result.write(stat));
  return 0;
}

UserStatx::Time to_statx(const Timespec& time) {
  return {time.seconds, static_cast<std::uint32_t>(time.nanoseconds), 0};
}

SyscallResult stat_at(int directory_fd, mm::UserString path, mm::UserPtr<UserStat> result, std::uint32_t flags) {
  const fs::Path found = TRY(resolve_argument(directory_fd, path, last_link(flags), flags));
  return write_stat(TRY(found.dentry->inode()->metadata()), result);
}

SyscallResult read_link_at(int directory_fd, mm::UserString path, mm::UserBuffer buffer, std::size_t size) {
  if (static_cast<std::int32_t>(size) <= 0) return Errno::kInval;
  // readlinkat("") reads the link that an O_PATH descriptor stands for (readlink(2)).
  const String text = TRY(path_argument(path));
  const fs::Path start = TRY(fs::start_of(directory_fd, text, fs::EmptyText::kIsStart));
  const fs::Path found = text.empty() ? start : TRY(fs::resolve(start, text, fs::LastLink::kKeep));
  fs::Inode& inode = *found.dentry->inode();
  if (!inode.is_symlink()) return text.empty() ? Errno::kNoEnt : Errno::kInval;
  const String target = TRY(inode.read_link());
  const std::size_t count = std::min(size, target.size());
  TRY(mm::copy_to_user(buffer.address(), target.c_str(), count));
  return count;
}

// access(2) asks for the real user: path and file are checked with the real ids, and with the capabilities that a
// program with them would have, for the time of the call.
class RealIds {
 public:
  explicit RealIds(bool wanted)
      : credentials_(task::current().credentials),
        uid_(credentials_.fsuid),
        gid_(credentials_.fsgid),
        effective_(credentials_.capabilities.effective) {
    if (!wanted) return;
    task::Capabilities& held = credentials_.capabilities;
    if (!(held.secure_bits & task::kSecureNoSetuidFixup))
      held.effective = credentials_.uid == 0 ? held.permitted : task::CapabilitySet();
    credentials_.fsuid = credentials_.uid;
    credentials_.fsgid = credentials_.gid;
  }
  RealIds(const RealIds&) = delete;
  RealIds& operator=(const RealIds&) = delete;
  ~RealIds() {
    credentials_.fsuid = uid_, credentials_.fsgid = gid_;
    credentials_.capabilities.effective = effective_;
  }

 private:
  task::Credentials& credentials_;
  std::uint32_t uid_, gid_;
  task::CapabilitySet effective_;
};

SyscallResult access_at(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t flags) {
  if (mode & ~7u) return Errno::kInval;
  if (flags & ~(fs::kAtEaccess | fs::kAtSymlinkNoFollow | fs::kAtEmptyPath)) return Errno::kInval;
  const RealIds ids(!(flags & fs::kAtEaccess));
  const fs::Path found = TRY(resolve_argument(directory_fd, path, last_link(flags), flags));
  return done(fs::check_path_access(found, mode));
}

SyscallResult write_statistics(const fs::Path& path, mm::UserPtr<fs::FileSystemStatistics> result) {
  fs::FileSystemStatistics statistics;
  if (path.mount) {
    constexpr std::int64_t kFlagsValid = 0x20, kRelativeTime = 0x1000, kNoSymlinks = 0x2000;  // ST_*
    constexpr std::uint32_t kSameBits = fs::kMountReadOnly | fs::kMountNoSuid | fs::kMountNoDev | fs::kMountNoExec;
    statistics = path.mount->file_system->statistics();
    statistics.flags = static_cast<std::int64_t>(path.mount->flags & kSameBits) | kFlagsValid | kRelativeTime;
    if (path.mount->read_only()) statistics.flags |= fs::kMountReadOnly;
    if (path.mount->flags & fs::kMountNoSymlinks) statistics.flags |= kNoSymlinks;
  } else {
    fs::Inode& inode = *path.dentry->inode();
    if (!inode.nameless()) statistics = inode.file_system().statistics();
    if (inode.nameless()) statistics.type = static_cast<std::int64_t>(inode.nameless_magic());
  }
  TRY(result.write(statistics));
  return 0;
}

}  // namespace

SyscallResult sys_stat(mm::UserString path, mm::UserPtr<UserStat> result) {
  return stat_at(fs::kAtFdCwd, path, result, 0);
}

SyscallResult sys_lstat(mm::UserString path, mm::UserPtr<UserStat> result) {
  return stat_at(fs::kAtFdCwd, path, result, fs::kAtSymlinkNoFollow);
}

SyscallResult sys_fstat(int fd, mm::UserPtr<UserStat> result) {
  const Ref<fs::File> file = TRY(task::current().files->get_any(fd));
  return write_stat(TRY(file->inode().metadata()), result);
}

SyscallResult sys_newfstatat(int directory_fd, mm::UserString path, mm::UserPtr<UserStat> result, std::uint32_t flags) {
  if (flags & ~(fs::kAtSymlinkNoFollow | fs::kAtNoAutomount | fs::kAtEmptyPath)) return Errno::kInval;
  return stat_at(directory_fd, path, result, flags);
}

SyscallResult sys_statx(int directory_fd, mm::UserString path, std::uint32_t flags, std::uint32_t mask,
                        mm::UserPtr<UserStatx> result) {
  constexpr std::uint32_t kReservedMask = 0x80000000;
  if (mask & kReservedMask) return Errno::kInval;
  if (flags & ~(fs::kAtSymlinkNoFollow | fs::kAtNoAutomount | fs::kAtEmptyPath | fs::kAtStatxSyncType))
    return Errno::kInval;
  if ((flags & fs::kAtStatxSyncType) == fs::kAtStatxSyncType) return Errno::kInval;
  const fs::Path found = TRY(resolve_argument(directory_fd, path, last_link(flags), flags));
  const fs::Metadata metadata = TRY(found.dentry->inode()->metadata());
  UserStatx stat{};
  stat.mask = kStatxBasic | (mask & kStatxMountId);
  stat.block_size = metadata.block_size;
  stat.links = metadata.links;
  stat.uid = metadata.uid;
  stat.gid = metadata.gid;
  stat.mode = static_cast<std::uint16_t>(metadata.mode);
  stat.inode = metadata.inode;
  stat.size = metadata.size;
  stat.blocks = metadata.blocks;
  stat.attributes_mask = kAttributeMountRoot;
  if (found.mount && found.dentry == found.mount->root) stat.attributes |= kAttributeMountRoot;
  stat.accessed = to_statx(metadata.accessed);
  stat.changed = to_statx(metadata.changed);
  stat.modified = to_statx(metadata.modified);
  stat.special_major = fs::device_major(metadata.special_device);
  stat.special_minor = fs::device_minor(metadata.special_device);
  stat.device_major = fs::device_major(metadata.device);
  stat.device_minor = fs::device_minor(metadata.device);
  if (stat.mask & kStatxMountId) stat.mount_id = found.mount ? static_cast<std::uint64_t>(found.mount->id) : 0;
  TRY(result.write(stat));
  return 0;
}

SyscallResult sys_access(mm::UserString path, std::uint32_t mode) {
  return access_at(fs::kAtFdCwd, path, mode, 0);
}

SyscallResult sys_faccessat(int directory_fd, mm::UserString path, std::uint32_t mode) {
  return access_at(directory_fd, path, mode, 0);
}

SyscallResult sys_faccessat2(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t flags) {
  return access_at(directory_fd, path, mode, flags);
}

SyscallResult sys_readlink(mm::UserString path, mm::UserBuffer buffer, std::size_t size) {
  return read_link_at(fs::kAtFdCwd, path, buffer, size);
}

SyscallResult sys_readlinkat(int directory_fd, mm::UserString path, mm::UserBuffer buffer, std::size_t size) {
  return read_link_at(directory_fd, path, buffer, size);
}

SyscallResult sys_statfs(mm::UserString path, mm::UserPtr<fs::FileSystemStatistics> result) {
  return write_statistics(TRY(resolve_argument(fs::kAtFdCwd, path, fs::LastLink::kFollow)), result);
}

SyscallResult sys_fstatfs(int fd, mm::UserPtr<fs::FileSystemStatistics> result) {
  return write_statistics(TRY(task::current().files->get_any(fd))->path(), result);
}

}  // namespace kernel::syscall
