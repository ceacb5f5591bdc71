// What processes that were killed could not remove: directories and control groups that carry their maker's pid.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace husk::runner {

// Paths in `directory` whose names are `prefix`, a pid of which there is no process any more, and perhaps more.
std::vector<std::string> left_by_the_dead(const std::string& directory, std::string_view prefix);

// Those removed that are empty directories; rmdir(2) removes nothing else, and no control group that has processes.
void sweep(const std::string& directory, std::string_view prefix);

}  // namespace husk::runner
