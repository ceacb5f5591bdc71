#include "syscall/mount_calls.h"

#include <utility>

#include "fs/mount.h"
#include "fs/proc/proc_fs.h"
#include "fs/ram/ram_fs.h"
#include "fs/sys/sys_fs.h"
#include "ipc/queue_fs.h"
#include "mm/frame.h"
#include "syscall/file_arguments.h"
#include "task/task.h"
#include "tty/dev_pts.h"

namespace kernel::syscall {

namespace {

// mount(2) flags.
constexpr std::uint64_t kPerMount =
    fs::kMountReadOnly | fs::kMountNoSuid | fs::kMountNoDev | fs::kMountNoExec | fs::kMountNoSymlinks;
constexpr std::uint64_t kRemount = 32;
constexpr std::uint64_t kBind = 4096;
constexpr std::uint64_t kMove = 8192;
constexpr std::uint64_t kRecursive = 16384;
constexpr std::uint64_t kSilent = 32768;
constexpr std::uint64_t kUnbindable = 1 << 17, kPrivate = 1 << 18, kSlave = 1 << 19, kShared = 1 << 20;
constexpr std::uint64_t kPropagation = kUnbindable | kPrivate | kSlave | kShared;
constexpr std::uint64_t kRelativeTime = 1 << 21;  // what is done in any case
// Data that lives in RAM is as durable as it will ever be.
constexpr std::uint64_t kSynchronous = 16, kDirectorySynchronous = 128;
constexpr std::uint64_t kWithoutEffect = kSilent | kRelativeTime | kSynchronous | kDirectorySynchronous;
constexpr std::uint64_t kMagic = 0xc0ed0000, kMagicMask = 0xffff0000;

Result<fs::TmpfsOptions> tmpfs_options(mm::UserString data) {
  if (!data) return fs::TmpfsOptions();
  return fs::TmpfsOptions::parse(TRY(path_argument(data)), mm::memory_statistics().total_frames);
}

Result<Ref<fs::FileSystem>> make_file_system(std::string_view type, mm::UserString data) {
  if (type == "proc") return Ref<fs::FileSystem>(TRY(fs::ProcFs::create()));
  if (type == "sysfs") return Ref<fs::FileSystem>(TRY(fs::SysFs::instance()));
  if (type == "mqueue") return ipc::queue_file_system();
  if (type == "tmpfs") {
    return Ref<fs::FileSystem>(TRY(fs::RamFs::create_tmpfs(TRY(tmpfs_options(data)))));
  }
  if (type == "devpts") {
    const String options = data ? TRY(path_argument(data)) : String();
    return Ref<fs::FileSystem>(TRY(tty::DevPts::create(TRY(tty::DevPtsOptions::parse(options)))));
  }
  return Errno::kNoDev;
}

bool is_mount_root(const fs::Path& path) {
  return path.mount && path.mount->attached() && path.dentry == path.mount->root;
}

SyscallResult bind(mm::UserString source, const fs::Path& point, bool recursive) {
  const fs::Path from = TRY(resolve_argument(fs::kAtFdCwd, source, fs::LastLink::kFollow));
  if (from.dentry->inode()->is_directory() != point.dentry->inode()->is_directory()) return Errno::kNotDir;
  return done(fs::add_bind_mount(from, point, recursive));
}

SyscallResult move(mm::UserString source, const fs::Path& point) {
  return done(fs::move_mount(TRY(resolve_argument(fs::kAtFdCwd, source, fs::LastLink::kFollow)), point));
}

// There is one mount namespace. Private is how every mount is, and a slave of nobody is private (mount_namespaces(7)).
// Shared would mean that what is mounted below one bind mount shows below the others; nothing here does that, so it is
// refused.
SyscallResult change_propagation(const fs::Path& point, std::uint64_t flags) {
  const std::uint64_t type = flags & ~(kRecursive | kSilent);
  if (!is_mount_root(point)) return Errno::kInval;
  if (type != kUnbindable && type != kPrivate && type != kSlave) return Errno::kInval;
  fs::mark_tree(*point.mount);
  return done(fs::for_each_mount([&](fs::Mount& mount) -> Result<void> {
    if (&mount == point.mount.get() || ((flags & kRecursive) && mount.in_tree)) mount.unbindable = type == kUnbindable;
    return {};
  }));
}

// With MS_BIND the flags of this mount; without it, those and the file system's.
SyscallResult remount(const fs::Path& point, std::uint64_t flags, std::uint32_t mount_flags, mm::UserString data) {
  if (!is_mount_root(point)) return Errno::kInval;
  fs::Mount& mount = *point.mount;
  if (!(flags & kBind)) {
    if (mount.file_system->type_name() == "tmpfs" && data) {
      TRY(static_cast<fs::RamFs&>(*mount.file_system).limit(TRY(tmpfs_options(data))));
    }
    TRY(fs::change_read_only(*mount.file_system, mount_flags & fs::kMountReadOnly));
  }
  return done(fs::change_mount_flags(mount, mount_flags));
}

SyscallResult mount_new(mm::UserString source, const fs::Path& point, mm::UserString type, std::uint32_t mount_flags,
                        mm::UserString data) {
  if (!type) return Errno::kInval;
  const String type_name = TRY(path_argument(type));
  Ref<fs::FileSystem> made = TRY(make_file_system(type_name, data));
  if (!point.dentry->inode()->is_directory()) return Errno::kNotDir;
  const String name = source ? TRY(path_argument(source)) : TRY(String::from("none"));
  // What is new is read-only itself, not only through this mount; sysfs and mqueue are there before.
  if (made->type_name() == "tmpfs" || made->type_name() == "devpts")
    made->read_only = (mount_flags & fs::kMountReadOnly) != 0;
  TRY(fs::add_mount(std::move(made), point, name, mount_flags));
  return 0;
}

}  // namespace

// The order of Linux's path_mount(): each kind of call ignores the flags that are for the kinds after it.
SyscallResult sys_mount(mm::UserString source, mm::UserString target, mm::UserString type, std::uint64_t flags,
                        mm::UserString data) {
  if ((flags & kMagicMask) == kMagic) flags &= ~kMagicMask;
  const fs::Path point = TRY(resolve_argument(fs::kAtFdCwd, target, fs::LastLink::kFollow));
  if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
  const auto mount_flags = static_cast<std::uint32_t>(flags & kPerMount);
  if (flags & ~(kPerMount | kWithoutEffect | kRemount | kBind | kMove | kRecursive | kPropagation))
    return Errno::kInval;
  if (flags & kRemount) return remount(point, flags, mount_flags, data);
  if (flags & kBind) return bind(source, point, flags & kRecursive);
  if (flags & kPropagation) return change_propagation(point, flags);
  if (flags & kMove) return move(source, point);
  return mount_new(source, point, type, mount_flags, data);
}

SyscallResult sys_umount2(mm::UserString target, std::uint32_t flags) {
  constexpr std::uint32_t kForce = 1, kDetach = 2, kExpire = 4, kNoFollow = 8;
  if (flags & ~(kForce | kDetach | kExpire | kNoFollow)) return Errno::kInval;
  const auto last = flags & kNoFollow ? fs::LastLink::kKeep : fs::LastLink::kFollow;
  const fs::Path found = TRY(resolve_argument(fs::kAtFdCwd, target, last));
  if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
  if (!is_mount_root(found)) return Errno::kInval;
  if (flags & kExpire) {
    if (flags & (kForce | kDetach)) return Errno::kInval;
    return done(fs::expire_mount(found));
  }
  return done(fs::remove_mount(found, flags & kDetach));
}

}  // namespace kernel::syscall
