// `husk image`: the images that were given a name.
#pragma once

#include <CLI/App.hpp>

namespace husk::cli {

// Adds `image` with its subcommands import, ls, inspect and rm. They run when the command line is parsed, store the
// exit status in `status` and throw husk::Error.
void add_image(CLI::App& app, int& status);

}  // namespace husk::cli
