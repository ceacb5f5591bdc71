// A child that shares the caller's memory until it executes a program, as vfork(2): the cheapest way to start one, and
// the child can hand results back in ordinary variables. It has descriptors of its own.
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
};

// Runs `body` in a child made with clone(2) and `namespace_flags`; the caller sleeps until the child has executed a
// program or ended. `body` must not return unless exec failed; what it throws ends up in the report's `error`.
Payload start_child(int namespace_flags, ChildReport& report, const std::function<void(ChildReport&)>& body);

// For the child: the kernel kills it with SIGKILL when its parent ends (PR_SET_PDEATHSIG). `parent` is a descriptor
// that poll(2) calls readable, or hung up, once the parent has ended: its pidfd, or a socket that only the parent has
// the other end of. If it already is, this does not return. To be called again after a change of credentials, which
// clears the setting. (That a payload can clear it, too, is why there is a guard: guard.h.)
void die_with_parent(int parent);

UniqueFd open_pidfd_of_self();

// When the child could not run the command: reaps it, reports, and returns the status to exit with; throws its error.
// Nothing when the payload runs.
std::optional<int> check_start(const Payload& payload, ChildReport& report);

}  // namespace husk::runner
