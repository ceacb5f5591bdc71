// The life of a container's process 1 before it becomes the payload.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

#include "vmm/container_spec.h"
#include "vmm/runner/child_process.h"
#include "vmm/runner/guard.h"
#include "vmm/runner/namespaces.h"
#include "vmm/runner/payload_user.h"
#include "vmm/runner/runner.h"

namespace husk::runner {

struct ContainerPlan {
  const ContainerSpec& spec;
  const RootSource& root;
  const sigset_t& signal_mask;  // that the payload starts with
  Guard& guard;
  int husk = -1;       // its pidfd
  int link = -1;       // socket to husk, for the seccomp listener
  int last_step = -1;  // see last_step_file.h
  // Known already, or looked up in the root once that is there.
  std::optional<PayloadUser> user = std::nullopt;
  std::vector<int> cgroups = {};  // where to write "0" to join each control group of the payload's own
  std::optional<UserMapping> user_namespace = std::nullopt;
  SharedNetwork* network = nullptr;  // null: the process was made in a network namespace of its own
};

// Runs in the child that start_child made; returns only when the command could not be run (in the report).
void become_payload(const ContainerPlan& plan, ChildReport& report);

}  // namespace husk::runner
