#include "vmm/cli/full_jail.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "vmm/descriptors.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/parent_death.h"
#include "vmm/runner/child_process.h"
#include "vmm/runner/namespaces.h"
#include "vmm/runner/supervisor.h"
#include "vmm/sandbox/environment.h"

namespace husk::cli {
namespace {

void make_namespaces() {
  const bool user_namespace = runner::needs_user_namespace();
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (::unshare(user_namespace ? flags | CLONE_NEWUSER : flags) != 0) {
    throw Error::from_errno("make", "namespaces for the VMM",
                            user_namespace ? "allow user namespaces, run husk as root, or leave out --jail full"
                                           : "leave out --jail full, or run husk with CAP_SYS_ADMIN");
  }
  if (user_namespace) runner::map_user({uid, gid, uid, gid});
  // What is mounted here must not appear on the host, and pivot_root(2) refuses shared mounts.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw Error::from_errno("make", "the VMM's mounts private");
  }
}

}  // namespace

int run_in_full_jail(SignalBits ignored_signals, const std::function<int(const sandbox::Jail&)>& machine) {
  // Also with -t: in the background the VMM, process 1 of its namespace, would not be stopped by SIGTTOU, and try for
  // ever to make the terminal raw.
  const runner::SignalGate gate(runner::SignalGate::Stops::kTaken, ignored_signals);
  const UniqueFd self = runner::open_pidfd_of_self();
  const sandbox::Jail jail{.level = sandbox::JailLevel::kFull, .user = draw_user(), .parent_pidfd = self.get()};
  make_namespaces();

  runner::Payload vmm;
  vmm.pid = ::fork();
  if (vmm.pid < 0) throw Error::from_errno("start", "the VMM's process");
  if (vmm.pid == 0) {
    // It stays in its parent's process group: what is typed is for both or for neither of them.
    die_with_parent(self.get());
    ::sigprocmask(SIG_SETMASK, &gate.previous_mask(), nullptr);
    return machine(jail);
  }
  vmm.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, vmm.pid, 0)));
  if (!vmm.pidfd) throw Error::from_errno("open", "a pidfd of the VMM");
  vmm.shares_terminal = true;
  vmm.stopped_with_husk = vmm.pid;
  // What is left to do here needs neither the VM's descriptors nor the caller's secrets.
  keep_only(std::array{vmm.pidfd.get(), gate.descriptor(), self.get()});
  sandbox::forget_environment();
  return runner::supervise(vmm, gate);
}

}  // namespace husk::cli
