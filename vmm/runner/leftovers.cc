#include "vmm/runner/leftovers.h"

#include <dirent.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>

namespace husk::runner {

std::vector<std::string> left_by_the_dead(const std::string& directory, std::string_view prefix) {
  std::vector<std::string> paths;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(directory.c_str()), &closedir);
  if (!entries) return paths;
  while (const dirent* entry = readdir(entries.get())) {
    if (!std::string_view(entry->d_name).starts_with(prefix)) continue;
    const pid_t owner = std::atoi(entry->d_name + prefix.size());
    if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) paths.push_back(directory + "/" + entry->d_name);
  }
  return paths;
}

void sweep(const std::string& directory, std::string_view prefix) {
  for (const std::string& path : left_by_the_dead(directory, prefix)) rmdir(path.c_str());
}

}  // namespace husk::runner
