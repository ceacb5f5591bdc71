#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "vmm/log.h"
#include "vmm/runner/cgroup.h"
#include "vmm/runner/child_process.h"
#include "vmm/runner/container_child.h"
#include "vmm/runner/descriptors.h"
#include "vmm/runner/guard.h"
#include "vmm/runner/last_step_file.h"
#include "vmm/runner/namespaces.h"
#include "vmm/runner/runner.h"
#include "vmm/runner/standard_streams.h"
#include "vmm/runner/supervisor.h"

namespace husk::runner {
namespace {

std::string terminal_of_caller(const ContainerSpec& spec) {
  const char* name = spec.terminal ? ttyname(STDIN_FILENO) : nullptr;
  return name != nullptr ? name : "";
}

}  // namespace

int run_in_namespace(const ContainerSpec& spec, const RootSource& root) {
  const SignalGate gate;
  std::optional<MemoryCgroup> cgroup;
  if (spec.memory_limit_asked) cgroup.emplace(MemoryCgroup::create(spec.memory_bytes));
  const UniqueFd last_step = make_last_step_file();
  std::vector<std::string> groups;
  if (cgroup) groups.push_back(cgroup->path());
  Guard guard(last_step.get(), groups);

  const UniqueFd self = open_pidfd_of_self();
  SocketPair link = make_socket_pair();
  ContainerPlan plan{.spec = spec,
                     .root = root,
                     .signal_mask = gate.previous_mask(),
                     .guard = guard,
                     .husk = self.get(),
                     .link = link.child.get(),
                     .last_step = last_step.get()};
  if (cgroup) plan.cgroup_processes = cgroup->processes_descriptor();
  if (needs_user_namespace()) plan.user_namespace = UserMapping{spec.uid, spec.gid, geteuid(), getegid()};
  plan.console = terminal_of_caller(spec);
  // In a user namespace the payload's user is the caller.
  const StreamLoan streams(plan.user_namespace ? geteuid() : spec.uid);

  SharedNetwork network;
  if (!plan.user_namespace) plan.network = &network;

  ChildReport report;
  Payload payload = start_child(
      clone_flags(plan.user_namespace.has_value()), report,
      [&](ChildReport& child_report) { become_payload(plan, child_report); },
      [&](int pidfd) {
        guard.start(self.get(), pidfd);
        if (plan.network != nullptr) plan.network->make();
      });
  payload.listener = take_descriptor(link.husk.get());
  payload.shares_terminal = !plan.console.empty();
  const std::optional<int> not_started = check_start(payload, report);
  const int status = not_started ? *not_started : supervise(payload, gate);

  // A shell with job control has taken the terminal for its own process groups.
  if (!plan.console.empty()) set_foreground_group(getpgrp());
  if (cgroup && status != 0 && cgroup->killed_for_memory()) {
    log::print(log::Severity::kError,
               "the kernel killed a process of the payload: out of memory (limit %llu KiB); give it more with -m",
               static_cast<unsigned long long>(spec.memory_bytes >> 10));
  }
  return status;
}

}  // namespace husk::runner
