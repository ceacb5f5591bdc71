#include "tools/compare/process_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace husk::compare {

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::ifstream file(task.path() / "children");  // proc_tid_children(5)
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

std::vector<pid_t> trees_of(std::vector<pid_t> roots) {
  std::vector<pid_t> pids = std::move(roots);
  for (std::size_t next = 0; next < pids.size(); ++next) {
    for (const pid_t child : children_of(pids[next])) {
      // Its parent may have ended meanwhile, and it have come to one whose children were not yet looked at.
      if (std::ranges::find(pids, child) == pids.end()) pids.push_back(child);
    }
  }
  return pids;
}

}  // namespace husk::compare
