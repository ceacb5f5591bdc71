// A command line as CLI11 knows it, as parts of a manual page: man(7), groff_man(7).
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>

namespace husk::man {

// Text as troff prints it: nothing in it is taken for a request or an escape.
std::string escape(std::string_view text);

// "husk image import DIR NAME", one line (.SY) for each command that can be given.
std::string synopsis(const CLI::App& app);

// A subsection for each command that can be given, with its options.
std::string commands(const CLI::App& app);

}  // namespace husk::man
