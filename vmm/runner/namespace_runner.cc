#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vmm/log.h"
#include "vmm/runner/cgroup.h"
#include "vmm/runner/child_process.h"
#include "vmm/runner/container_child.h"
#include "vmm/runner/descriptors.h"
#include "vmm/runner/device_cgroup.h"
#include "vmm/runner/guard.h"
#include "vmm/runner/last_step_file.h"
#include "vmm/runner/namespaces.h"
#include "vmm/runner/runner.h"
#include "vmm/runner/standard_streams.h"
#include "vmm/runner/supervisor.h"
#include "vmm/runner/terminal_relay.h"
#include "vmm/terminal.h"

namespace husk::runner {
namespace {

// The payload's control groups; only a memory limit needs any.
struct Cgroups {
  std::optional<MemoryCgroup> memory;
  std::optional<DeviceCgroup> devices;

  std::vector<const OwnCgroup*> all() const {
    std::vector<const OwnCgroup*> groups;
    if (memory) groups.push_back(&memory->group());
    if (devices && devices->group()) groups.push_back(&*devices->group());
    return groups;
  }
};

Cgroups make_cgroups(const ContainerSpec& spec) {
  Cgroups groups;
  if (!spec.memory_limit_asked) return groups;
  groups.memory.emplace(MemoryCgroup::create(spec.memory_bytes));
  try {
    groups.devices.emplace(DeviceCgroup::create(*groups.memory));
  } catch (const Error& error) {
    // An unprivileged user, or a container around husk. The payload has no CAP_MKNOD, and its mounts have nodev.
    log::write(log::Severity::kInfo, std::string("devices are not controlled by a control group: ") + error.what());
  }
  return groups;
}

}  // namespace

int run_in_namespace(const ContainerSpec& spec, const RootSource& root) {
  const SignalGate gate(spec.terminal ? SignalGate::Stops::kLeft : SignalGate::Stops::kTaken, spec.ignored_signals);
  const UniqueFd self = open_pidfd_of_self();

  if (spec.terminal) require_terminal();
  const Cgroups cgroups = make_cgroups(spec);
  std::vector<std::string> paths;
  std::vector<int> joined;
  for (const OwnCgroup* group : cgroups.all()) {
    paths.push_back(group->path());
    joined.push_back(group->processes_descriptor());
  }
  const UniqueFd last_step = make_last_step_file();
  Guard guard(last_step.get(), paths);

  SocketPair link = make_socket_pair();
  ContainerPlan plan{.spec = spec,
                     .root = root,
                     .signal_mask = gate.previous_mask(),
                     .guard = guard,
                     .husk = self.get(),
                     .link = link.child.get(),
                     .last_step = last_step.get(),
                     .cgroups = std::move(joined)};
  // Names are looked up here, where that can be done: a user namespace needs the ids, and has no image file.
  if (root.directory || spec.user.empty()) plan.user = find_user(spec, root.directory.get());
  if (needs_user_namespace()) {
    if (!plan.user) throw Error("find", "user '" + spec.user + "'", "an unprivileged user may not mount an EROFS file");
    plan.user_namespace = UserMapping{plan.user->uid, plan.user->gid, geteuid(), getegid()};
    if (plan.user->groups.size() > 1) {
      log::write(log::Severity::kInfo,
                 "the payload is in no supplementary group: an unprivileged user may not set any");
    }
  }
  // In a user namespace the payload's user is the caller. With -t the payload has none of the caller's streams.
  if (!spec.terminal && plan.user) hand_over_streams(plan.user_namespace ? geteuid() : plan.user->uid);

  SharedNetwork network;
  if (!plan.user_namespace) plan.network = &network;

  ChildReport report;
  Payload payload = start_child(
      clone_flags(plan.user_namespace.has_value()), report,
      [&](ChildReport& child_report) { become_payload(plan, child_report); },
      [&](int pidfd) {
        guard.start(self.get(), pidfd);  // first: outside of the payload's network namespace, in which husk stays
        if (plan.network != nullptr) plan.network->make();
      });
  // In the order in which they were sent.
  UniqueFd terminal = spec.terminal ? take_descriptor(link.husk.get()) : UniqueFd();
  payload.listener = take_descriptor(link.husk.get());
  payload.stop_signal = spec.stop_signal;
  const std::optional<int> not_started = check_start(payload, report);
  int status = 0;
  if (not_started) {
    status = *not_started;
  } else if (terminal) {
    TerminalRelay relay(std::move(terminal));
    status = supervise(payload, gate, &relay);
  } else {
    payload.stopped_with_husk = -payload.pid;
    status = supervise(payload, gate);
  }
  guard.check();

  if (cgroups.memory && status != 0 && cgroups.memory->killed_for_memory()) {
    log::print(log::Severity::kError,
               "the kernel killed a process of the payload: out of memory (limit %llu KiB); give it more with -m",
               static_cast<unsigned long long>(spec.memory_bytes >> 10));
  }
  return status;
}

}  // namespace husk::runner
