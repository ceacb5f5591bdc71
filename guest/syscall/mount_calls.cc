#include "syscall/mount_calls.h"

#include "fs/mount.h"
#include "fs/proc/proc_fs.h"
#include "fs/ram/ram_fs.h"
#include "syscall/file_arguments.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

// mount(2) flags.
constexpr std::uint64_t kPerMount = fs::kMountReadOnly | fs::kMountNoSuid | fs::kMountNoDev | fs::kMountNoExec;
constexpr std::uint64_t kRemount = 32;
constexpr std::uint64_t kBind = 4096;
constexpr std::uint64_t kRecursive = 16384;
constexpr std::uint64_t kSilent = 32768;
constexpr std::uint64_t kPropagation = 1 << 17 | 1 << 18 | 1 << 19;  // unbindable, private, slave
constexpr std::uint64_t kRelativeTime = 1 << 21;                     // what is done in any case
constexpr std::uint64_t kMagic = 0xc0ed0000, kMagicMask = 0xffff0000;

// The one option of tmpfs that is implemented: the permissions of its root.
Result<std::uint32_t> tmpfs_permissions(std::string_view options) {
  if (options.empty()) return std::uint32_t{01777};
  constexpr std::string_view kMode = "mode=";
  if (!options.starts_with(kMode)) return Errno::kInval;
  std::uint32_t mode = 0;
  for (char digit : options.substr(kMode.size())) {
    if (digit < '0' || digit > '7' || mode > fs::kModePermissions) return Errno::kInval;
    mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
  }
  if (mode > fs::kModePermissions) return Errno::kInval;
  return mode;
}

Result<Ref<fs::FileSystem>> make_file_system(std::string_view type, mm::UserString data) {
  if (type == "proc") return Ref<fs::FileSystem>(TRY(fs::ProcFs::create()));
  if (type == "tmpfs") {
    const String options = data ? TRY(path_argument(data)) : String();
    const std::uint32_t permissions = TRY(tmpfs_permissions(options));
    return Ref<fs::FileSystem>(TRY(fs::RamFs::create("tmpfs", permissions)));
  }
  return Errno::kNoDev;
}

SyscallResult bind(mm::UserString source, const fs::Path& point, std::uint32_t mount_flags) {
  const fs::Path from = TRY(resolve_argument(fs::kAtFdCwd, source, fs::LastLink::kFollow));
  if (!from.mount) return Errno::kInval;
  if (from.dentry->inode()->is_directory() != point.dentry->inode()->is_directory()) return Errno::kNotDir;
  TRY(fs::add_bind_mount(from, point, mount_flags));
  return 0;
}

}  // namespace

SyscallResult sys_mount(mm::UserString source, mm::UserString target, mm::UserString type, std::uint64_t flags,
                        mm::UserString data) {
  if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
  if ((flags & kMagicMask) == kMagic) flags &= ~kMagicMask;
  const fs::Path point = TRY(resolve_argument(fs::kAtFdCwd, target, fs::LastLink::kFollow));
  const auto mount_flags = static_cast<std::uint32_t>(flags & kPerMount);
  flags &= ~(kPerMount | kSilent | kRelativeTime);
  // There is one mount namespace, so nothing propagates anywhere: private and slave are how it is.
  if (flags & kPropagation)
    return (flags & ~(kPropagation | kRecursive)) ? SyscallResult(Errno::kInval) : SyscallResult(0);
  if ((flags & kRemount) && !(flags & ~(kRemount | kBind))) {
    if (!point.mount || point.dentry != point.mount->root) return Errno::kInval;
    point.mount->flags = mount_flags;
    return 0;
  }
  if (flags == kBind) return bind(source, point, mount_flags);
  if (flags != 0) return Errno::kInval;
  const String type_name = TRY(path_argument(type));
  if (!point.dentry->inode()->is_directory()) return Errno::kNotDir;
  Ref<fs::FileSystem> made = TRY(make_file_system(type_name, data));
  const String name = source ? TRY(path_argument(source)) : TRY(String::from("none"));
  TRY(fs::add_mount(static_cast<Ref<fs::FileSystem>&&>(made), point, name, mount_flags));
  return 0;
}

SyscallResult sys_umount2(mm::UserString target, std::uint32_t flags) {
  constexpr std::uint32_t kForce = 1, kDetach = 2, kNoFollow = 8;
  if (flags & ~(kForce | kDetach | kNoFollow)) return Errno::kInval;
  if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
  const auto last = flags & kNoFollow ? fs::LastLink::kKeep : fs::LastLink::kFollow;
  const fs::Path found = TRY(resolve_argument(fs::kAtFdCwd, target, last));
  return done(fs::remove_mount(found, flags & kDetach));
}

}  // namespace kernel::syscall
