// Reads the command line of `husk run` where it is plain, which it nearly always is: options as the table has them, with a
// space or "=" before the value. CLI11 builds an object of each option first, which takes 400,000 instructions: more than all
// the rest between exec and the first look at /dev/kvm.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/cli/run_options.h"

namespace husk::cli {

// Fills `options` and returns IMAGE and what follows it. Nothing, and `options` as they were, where the line asks for help,
// has a mistake, or one of the forms for which it takes CLI11 to tell what they mean: that is for run_command_line.h.
std::optional<std::vector<std::string>> read_plain_options(std::span<char* const> words, RunOptions& options);

}  // namespace husk::cli
