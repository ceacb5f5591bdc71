// `husk doctor`: what this host offers to husk, and what is missing, in plain words.
#pragma once

#include <CLI/App.hpp>

namespace husk::cli {

// Adds the subcommand; its exit status is stored in `status` when it runs: 0 if micro-VMs work here, otherwise 1.
void add_doctor(CLI::App& app, int& status);

}  // namespace husk::cli
