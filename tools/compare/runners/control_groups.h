// Control groups that a runner's own runtime makes and that it can leave behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace husk::compare {

// Where groups of the first level lie. Version 1 has a directory for each controller, version 2 one for all; some hosts
// have both (cgroups(7)).
std::vector<std::filesystem::path> group_hierarchies();

// The group and those below it, as far as they have no processes any more.
void remove_groups(const std::filesystem::path& group);

// In all hierarchies: the group `name`.
void remove_group_everywhere(const std::string& name);

// In all hierarchies: groups whose names are `prefix` and the pid of a process that is no more.
void remove_groups_of_the_dead(const std::string& prefix);

}  // namespace husk::compare
