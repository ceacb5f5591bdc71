#include "vmm/sandbox/identity.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vmm/become_user.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/parent_death.h"
#include "vmm/sandbox/limits.h"

namespace husk::sandbox {
namespace {

// A directory in which nothing can be made or opened but a few lines about this process's own descriptors
// (proc_pid_fdinfo(5)), that is there on every host, and that needs no tidying up.
constexpr const char* kEmptyDirectory = "/proc/self/fdinfo";

void missing_wall(const Jail& jail, const char* operation, const char* object) {
  const int reason = errno;
  if (jail.level == JailLevel::kFull) throw Error::from_errno(operation, object);
  log::print(log::Severity::kInfo, "the VMM is confined less: it cannot %s %s: %s", operation, object,
             std::strerror(reason));
}

// In the mount namespace of its own: a root with nothing in it, and no other mount.
void enter_empty_mount() {
  // Any directory that every Linux system has serves as the place (POSIX 10.1 requires /tmp).
  constexpr const char* kPlace = "/tmp";
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount("husk", kPlace, "tmpfs", kFlags, "size=4k,mode=0555") != 0 || ::chdir(kPlace) != 0) {
    throw Error::from_errno("mount", "an empty root");
  }
  // pivot_root(2), NOTES: with "." twice the old root is stacked on the new one, and goes with umount2.
  if (::syscall(SYS_pivot_root, ".", ".") == 0) {
    if (::umount2(".", MNT_DETACH) != 0) throw Error::from_errno("detach", "the host's root");
  } else if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0) {
    // The initial ramfs can be neither pivoted nor unmounted, only covered (ramfs-rootfs-initramfs.rst).
    throw Error::from_errno("enter", "an empty root");
  }
  if (::chdir("/") != 0) throw Error::from_errno("enter", "an empty root");
}

void enter_empty_directory(const Jail& jail) {
  // Who is not root may change its root directory in a user namespace of its own (user_namespaces(7)). No user is
  // mapped into it, since nothing is opened any more.
  if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) return missing_wall(jail, "enter", "a user namespace");
  if (::chroot(kEmptyDirectory) != 0) return missing_wall(jail, "change to", "an empty root directory");
  if (::chdir("/") != 0) throw Error::from_errno("enter", kEmptyDirectory);
}

void leave_user_zero(const Jail& jail) {
  if (::geteuid() != 0) return;
  if (become_user(jail.user, jail.user)) return limit_threads();
  if (errno == EINVAL && become_user(kNobody, kNobody)) {
    log::print(log::Severity::kInfo, "the VMM is user %u: this user namespace maps no number of its own", kNobody);
    return;
  }
  missing_wall(jail, "leave", "user 0");  // without CAP_SETUID root can be nobody else
}

void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) throw Error::from_errno("drop", "capabilities");
}

}  // namespace

void leave_the_host(const Jail& jail) {
  if (jail.level == JailLevel::kFull) {
    enter_empty_mount();
  } else {
    enter_empty_directory(jail);
  }
  leave_user_zero(jail);
  drop_capabilities();
  // prctl(2): no core dump, no ptrace(2), and /proc/PID belongs to root, for the user that husk was started by as well.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) throw Error::from_errno("hide", "the VMM's memory");
  // After the change of user, which clears the signal.
  if (jail.parent_pidfd >= 0) die_with_parent(jail.parent_pidfd);
}

}  // namespace husk::sandbox
