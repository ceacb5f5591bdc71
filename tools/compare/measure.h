// The measurements themselves: which runs are made, in which order, and what is read from each.
//
// Start-up and first-instruction runs of all runners are interleaved, A B C A B C, so that a change of the machine's
// speed while the comparison runs hits all of them; memory is looked at afterwards, in runs that nobody times, since
// looking at it slows what is looked at.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tools/compare/result.h"
#include "tools/compare/runner.h"

namespace husk::compare {

struct MeasureOptions {
  unsigned runs = 30;
  unsigned warm_up = 3;
  unsigned memory_runs = 5;
  int timeout_ms = 30'000;  // for one run
};

// Called before each run, for the progress bar: how much is done and what comes.
using ProgressCallback = std::function<void(unsigned done, unsigned total, const std::string& what)>;

// Runs everything. A runner that is not there or fails gets a note in its result and is left out from then on. When the
// user interrupts, what is known so far is returned and `complete` is false.
ComparisonResult measure(std::vector<std::unique_ptr<Runner>>& runners, const Workload& workload,
                         const Context& context, const MeasureOptions& options, const ProgressCallback& progress);

}  // namespace husk::compare
