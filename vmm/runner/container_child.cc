#include "vmm/runner/container_child.h"

#include <sys/stat.h>
#include <unistd.h>

#include "vmm/error.h"
#include "vmm/runner/capabilities.h"
#include "vmm/runner/limits.h"
#include "vmm/runner/mounts.h"
#include "vmm/runner/rootfs.h"
#include "vmm/runner/seccomp.h"

namespace husk::runner {
namespace {

void join_cgroups(const std::vector<int>& cgroups) {
  for (const int processes : cgroups) {
    if (write(processes, "0", 1) != 1) throw Error::from_errno("join", "a control group");
  }
}

void set_up_file_systems(const ContainerPlan& plan) {
  const bool user_namespace = plan.user_namespace.has_value();
  OldRoot old_root = enter_root();
  // From here on every path is one in the container, also where the image has symbolic links.
  mount_proc();
  mount_dev(old_root.path(), user_namespace, plan.console);
  mount_sys();
  restrict_proc_and_sys();
  old_root.detach();
}

}  // namespace

void become_payload(const ContainerPlan& plan, ChildReport& report) {
  die_with_parent(plan.parent_pidfd);

  if (plan.user_namespace) map_user(*plan.user_namespace);
  umask(0);  // directories and device nodes get the modes that they are made with
  mount_root(plan.root, plan.user_namespace.has_value());
  // Where devices are controlled, the loop device that an image may have needed can be used no more. The groups become
  // the root of the cgroup namespace.
  join_cgroups(plan.cgroups);
  enter_cgroup_namespace();
  set_hostname(plan.spec.hostname);
  bring_up_loopback();
  set_up_file_systems(plan);
  umask(022);

  // With -t the payload shares husk's session and foreground process group, and so its terminal's signals; a shell
  // makes its own groups from there. Without, it has no controlling terminal, and husk passes the signals on.
  if (plan.console.empty()) setsid();
  limit_descriptors();
  leave_session_keyring();
  drop_privileges(plan.spec.uid, plan.spec.gid, !plan.user_namespace);
  die_with_parent(plan.parent_pidfd);
  // As the payload's user: a directory that it may not enter is not its working directory.
  if (chdir(plan.spec.cwd.c_str()) != 0) throw Error::from_errno("enter", "working directory '" + plan.spec.cwd + "'");

  close_other_descriptors_on_exec();
  reset_signals(plan.signal_mask);
  const std::vector<sock_filter> filter = default_filter();
  report.listener = install_filter(filter).release();
  report.failure = execute(plan.spec.argv, plan.spec.env);
}

}  // namespace husk::runner
