#include "tools/compare/process_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
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

std::uint64_t processor_ticks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  // The name, in parentheses, may have anything in it: the fields are counted from the last one.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  constexpr int kFieldsBefore = 11;  // the state is field 3, utime is 14, stime 15
  std::string field;
  for (int i = 0; i < kFieldsBefore; ++i) fields >> field;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  return fields >> user >> system ? user + system : 0;
}

}  // namespace husk::compare
