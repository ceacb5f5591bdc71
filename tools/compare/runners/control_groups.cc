#include "tools/compare/runners/control_groups.h"

#include <system_error>

#include "vmm/runner/cgroup.h"
#include "vmm/runner/leftovers.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::vector<fs::path> group_hierarchies() {
  std::error_code none;
  std::vector<fs::path> found = {"/sys/fs/cgroup"};
  for (const fs::directory_entry& entry : fs::directory_iterator("/sys/fs/cgroup", none)) {
    if (entry.is_directory(none)) found.push_back(entry.path());
  }
  return found;
}

void remove_groups(const fs::path& group) {
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator(group, gone)) {
    if (entry.is_directory(gone)) remove_groups(entry.path());
  }
  runner::remove_cgroup(group.c_str());
}

void remove_group_everywhere(const std::string& name) {
  for (const fs::path& hierarchy : group_hierarchies()) remove_groups(hierarchy / name);
}

void remove_groups_of_the_dead(const std::string& prefix) {
  for (const fs::path& hierarchy : group_hierarchies()) {
    for (const std::string& group : runner::left_by_the_dead(hierarchy, prefix)) remove_groups(group);
  }
}

}  // namespace husk::compare
