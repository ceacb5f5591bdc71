// The commands of `husk` but run, as CLI11 reads them, for main and for the manual page; `compare` and `report`
// (tools/compare/) have their own.
#pragma once

#include <CLI/App.hpp>

namespace husk::cli {

// The commands that this program carries out when they are parsed: image, doctor, kernel. Their exit status goes to
// `status`.
void declare_other_commands(CLI::App& app, int& status);

}  // namespace husk::cli
