#include "syscall/notify_calls.h"

#include <utility>

#include "fs/access.h"
#include "fs/file_table.h"
#include "fs/inotify.h"
#include "syscall/file_arguments.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

// What may be asked for, IN_UNMOUNT and the others that are only told included (ALL_INOTIFY_BITS).
constexpr std::uint32_t kKnown = fs::kInAllEvents | fs::kInUnmount | fs::kInQueueOverflow | fs::kInIgnored |
                                 fs::kInOnlyDirectory | fs::kInDontFollow | fs::kInExcludeUnlinked | fs::kInMaskCreate |
                                 fs::kInMaskAdd | fs::kInIsDirectory | fs::kInOnce;

}  // namespace

SyscallResult sys_inotify_init() {
  return sys_inotify_init1(0);
}

SyscallResult sys_inotify_init1(std::uint32_t flags) {
  if (flags & ~(fs::kNonBlock | fs::kCloseOnExec)) return Errno::kInval;
  Ref<fs::File> file = TRY(fs::make_inotify(flags & fs::kNonBlock));
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), flags & fs::kCloseOnExec)));
}

SyscallResult sys_inotify_add_watch(int fd, mm::UserString path, std::uint32_t mask) {
  if (mask == 0 || (mask & ~kKnown)) return Errno::kInval;
  const Ref<fs::File> file = TRY(file_argument(fd));
  if ((mask & fs::kInMaskAdd) && (mask & fs::kInMaskCreate)) return Errno::kInval;
  auto* instance = fs::file_as<fs::Inotify>(*file);
  if (!instance) return Errno::kInval;
  const fs::LastLink last = mask & fs::kInDontFollow ? fs::LastLink::kKeep : fs::LastLink::kFollow;
  const fs::Path watched = TRY(resolve_argument(fs::kAtFdCwd, path, last));
  fs::Inode& inode = *watched.dentry->inode();
  if ((mask & fs::kInOnlyDirectory) && !inode.is_directory()) return Errno::kNotDir;
  TRY(fs::check_access(inode, fs::kMayRead));
  return static_cast<std::uint64_t>(TRY(instance->watch(watched.dentry->inode_ref(), mask)));
}

SyscallResult sys_inotify_rm_watch(int fd, int descriptor) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  auto* instance = fs::file_as<fs::Inotify>(*file);
  if (!instance) return Errno::kInval;
  return done(instance->stop(descriptor));
}

}  // namespace kernel::syscall
