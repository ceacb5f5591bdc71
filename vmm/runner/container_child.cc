#include "vmm/runner/container_child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "vmm/error.h"
#include "vmm/parent_death.h"
#include "vmm/runner/capabilities.h"
#include "vmm/runner/descriptors.h"
#include "vmm/runner/last_step_file.h"
#include "vmm/runner/limits.h"
#include "vmm/runner/mounts.h"
#include "vmm/runner/open_in_root.h"
#include "vmm/runner/payload_files.h"
#include "vmm/runner/rootfs.h"
#include "vmm/runner/seccomp.h"
#include "vmm/runner/standard_streams.h"
#include "vmm/runner/terminal_relay.h"

namespace husk::runner {
namespace {

void join_cgroups(const std::vector<int>& cgroups) {
  for (const int processes : cgroups) {
    if (write(processes, "0", 1) != 1) throw Error::from_errno("join", "a control group");
  }
}

void join_network(const ContainerPlan& plan) {
  if (plan.network == nullptr) {
    bring_up_loopback();
  } else {
    plan.network->join(plan.husk);
  }
}

void set_up_file_systems(const ContainerPlan& plan, const char* root) {
  const bool user_namespace = plan.user_namespace.has_value();
  OldRoot old_root = enter_root(root, std::array{plan.husk, plan.link, plan.last_step});
  // From here on every path is one in the container, also where the image has symbolic links.
  mount_proc();
  mount_dev(old_root.path(), user_namespace);
  join_network(plan);  // as late as can be: sysfs shows the interfaces of its mounter's network namespace
  mount_sys();
  restrict_proc_and_sys();
  old_root.detach();
}

// Hands the process over to the last step: the payload's working directory and its program are looked up there, where
// neither husk's memory nor any of its descriptors is left.
ExecFailure execute_last_step(const ContainerPlan& plan, const std::vector<std::string>& variables) {
  const std::vector<std::string> paths = candidates(plan.spec.argv[0], lookup(variables, "PATH", kDefaultPath));
  const std::vector<char*> arguments = arguments_to_become(plan.spec.cwd, paths, plan.spec.argv);
  const std::vector<char*> environment = c_vector(variables);
  close_others_on_exec();  // the last step is executed from a descriptor: no path is looked up before they are gone
  syscall(SYS_execveat, plan.last_step, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  // The arguments may be too long, as they may for the payload.
  return {kExitNotExecutable, "cannot run '" + plan.spec.argv[0] + "': " + std::strerror(errno)};
}

}  // namespace

void become_payload(const ContainerPlan& plan, ChildReport& report) {
  die_with_parent(plan.husk);

  if (plan.user_namespace) map_user(*plan.user_namespace);
  umask(0);  // directories and device nodes get the modes that they are made with
  const char* root = mount_root(plan.root, plan.user_namespace.has_value());
  // Where devices are controlled, the loop device that an image may have needed can be used no more. The groups become
  // the root of the cgroup namespace.
  join_cgroups(plan.cgroups);
  enter_cgroup_namespace();
  set_hostname(plan.spec.hostname);
  set_up_file_systems(plan, root);
  umask(022);
  // By the image's own files, before a tmpfs may cover them.
  const PayloadUser user = plan.user ? *plan.user : find_user(plan.spec, kOwnRoot);
  const std::vector<std::string> environment = environment_with_home(plan.spec, user.uid, kOwnRoot);
  mount_tmpfs(plan.spec.tmpfs);
  if (!plan.root.in_place)
    write_etc_files(plan.spec.etc_files, plan.spec.read_only);  // what is written there would stay
  prepare_working_directory(kOwnRoot, plan.spec.cwd);
  if (plan.spec.read_only) make_root_read_only();
  // With -t the payload has none of the caller's streams.
  if (!plan.user && !plan.spec.terminal) hand_over_streams(user.uid);

  // A session of the payload's own: what the caller's terminal sends to husk's process group reaches it through husk.
  const char nothing = 0;
  if (plan.spec.terminal) {
    send_descriptor(plan.link, open_own_terminal().get(), &nothing, sizeof nothing);
    lead_session_on_terminal(user.uid);
  } else {
    setsid();
  }
  limit_descriptors();
  set_limits(plan.spec.limits);
  leave_session_keyring();
  // The memory is still husk's. With the sysctl fs.suid_dumpable at 1 the change of user would not hide it from that
  // user's other processes (prctl(2), PR_SET_DUMPABLE). What execve(2) makes is dumpable again.
  if (!plan.user_namespace && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) throw Error::from_errno("hide", "husk's memory");
  drop_privileges(user, !plan.user_namespace);
  die_with_parent(plan.husk);

  reset_signals(plan.signal_mask, plan.spec.ignored_signals);
  send_descriptor(plan.link, install_filter(default_filter()).get(), &nothing, sizeof nothing);
  plan.guard.wait_until_started();
  report.failure = execute_last_step(plan, environment);
}

}  // namespace husk::runner
