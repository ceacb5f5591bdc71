// What CLI11 reads of husk's command lines: everything but an ordinary `husk run` (plain_options.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmm/cli/run_options.h"

namespace husk::cli {

// A command line that is not to be carried out: it asked for help, or has a mistake. Either has been written.
struct NothingToDo {
  int status = 0;
};

// `husk run`: fills `options` and returns IMAGE and what follows it. Throws NothingToDo.
std::vector<std::string> read_run_options(int count, char** arguments, RunOptions& options);

// Every other command of this program. Returns the exit status.
int run_other_command(int count, char** arguments);

}  // namespace husk::cli
