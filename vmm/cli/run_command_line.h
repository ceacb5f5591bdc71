// The command line of `husk run` as CLI11 reads it: with its help, its errors and all of its forms. An ordinary start does
// not come here (plain_options.h).
#pragma once

#include <CLI/App.hpp>

#include "vmm/cli/run_options.h"

namespace husk::cli {

// Declares the options on `app`, which fills `options` when it parses.
void declare_run_options(CLI::App& app, RunOptions& options);

// app.parse(), for which "--option=" has no value: here it has an empty one, as everywhere else. Throws CLI::ParseError.
void parse_run_options(CLI::App& app, int count, char** arguments);

}  // namespace husk::cli
