// A child that shares the caller's memory until it executes a program, so that it can hand results back in ordinary
// variables. It has descriptors of its own.
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

// Runs `body` in a child made with clone(2) and `namespace_flags`, and returns when the child has executed a program or
// ended. `body` must not return unless exec failed; what it throws ends up in the report's `error`. At the same time
// `meanwhile` runs in the caller, with the child's pidfd, under the rule of sharing_process.h.
Payload start_child(int namespace_flags, ChildReport& report, const std::function<void(ChildReport&)>& body,
                    const std::function<void(int)>& meanwhile = {});

UniqueFd open_pidfd_of_self();

// When the child could not run the command: reaps it, reports, and returns the status to exit with; throws its error.
// Nothing when the payload runs.
std::optional<int> check_start(const Payload& payload, ChildReport& report);

}  // namespace husk::runner
