// `husk run`: one payload, isolated as the user says.
#pragma once

#include <cstdint>

#include "vmm/cli/run_options.h"

namespace husk::cli {

// When main() began, for the timeline.
struct StartTimes {
  std::uint64_t main_ns = 0;      // CLOCK_MONOTONIC
  std::uint64_t exec_cpu_ns = 0;  // CPU time used before main()
};

// Runs to the payload's end and returns husk's exit status. Throws husk::Error.
int run_command(RunOptions& options, const StartTimes& start);

}  // namespace husk::cli
