// A child that shares the caller's memory and descriptors until it executes a program, as vfork(2): the cheapest way to
// start one, and the child can hand results back in ordinary variables.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "vmm/error.h"
#include "vmm/runner/program.h"
#include "vmm/runner/supervisor.h"

namespace husk::runner {

// What the child found out before it became the payload, or instead of it.
struct ChildReport {
  std::optional<Error> error;          // set-up failed: husk's own error
  std::optional<ExecFailure> failure;  // the command cannot be run
  int listener = -1;                   // seccomp listener: the descriptor outlives the child's exec in the caller
};

// Runs `body` in a child made with clone(2) and `namespace_flags`; the caller sleeps until the child has executed a
// program or ended. `body` must not return unless exec failed; what it throws ends up in the report's `error`.
// The descriptor table is shared: what the child opens is open in the caller, so it closes what is not to stay.
Payload start_child(int namespace_flags, ChildReport& report, const std::function<void(ChildReport&)>& body);

// For the child: the kernel kills it with SIGKILL when its parent ends (PR_SET_PDEATHSIG). `parent_pidfd` refers to the
// parent; if that has already ended, this does not return. To be called again after a change of credentials, which
// clears the setting.
void die_with_parent(int parent_pidfd);

// For the child: nothing but standard input, output and error survives the coming exec.
void close_other_descriptors_on_exec();

UniqueFd open_pidfd_of_self();

// When the child could not run the command: reaps it, reports, and returns the status to exit with; throws its error.
// Nothing when the payload runs.
std::optional<int> check_start(const Payload& payload, ChildReport& report);

}  // namespace husk::runner
