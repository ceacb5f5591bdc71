// Somebody who tidies up when this process is killed with SIGKILL (guardian.cc).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace husk::compare {

// Forks: the child returns and makes the comparison; the parent, whose pid the user knows, executes `guardian`, waits,
// and exits as the child does. `directories` are those in which this comparison keeps files with comparison_id() in
// their names. To be called with one thread and nothing buffered. Throws husk::Error.
void fork_from_guardian(const std::filesystem::path& guardian, const std::vector<std::string>& directories);

// The pid that the user knows: the guardian's, or this process's where there is none. It is part of the names of all
// that a comparison leaves for as long as it runs: husk-compare-PID-...
int comparison_id();

}  // namespace husk::compare
