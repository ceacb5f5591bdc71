#include "tools/compare/isolation/proc.h"

#include <cstdlib>
#include <fstream>
#include <system_error>

namespace husk::compare::proc {

namespace fs = std::filesystem;

namespace {

// A process may end while its directory is read, so errors end the list and nothing else.
std::vector<fs::path> entries(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code gone;
  for (fs::directory_iterator at(directory, gone); !gone && at != fs::directory_iterator(); at.increment(gone)) {
    paths.push_back(at->path());
  }
  return paths;
}

}  // namespace

fs::path of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

std::string status_field(const fs::path& directory, const std::string& key) {
  std::ifstream file(directory / "status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key + ":")) continue;
    const std::size_t value = line.find_first_not_of(" \t", key.size() + 1);
    return value == std::string::npos ? std::string() : line.substr(value);
  }
  return {};
}

std::vector<pid_t> threads(pid_t pid) {
  std::vector<pid_t> numbers;
  for (const fs::path& path : entries(of(pid) / "task")) numbers.push_back(std::atoi(path.filename().c_str()));
  return numbers;
}

std::map<int, std::string> open_files(pid_t pid) {
  std::map<int, std::string> targets;
  std::error_code gone;
  for (const fs::path& path : entries(of(pid) / "fd")) {
    const std::string target = fs::read_symlink(path, gone);
    if (!gone) targets[std::atoi(path.filename().c_str())] = target;
  }
  return targets;
}

std::string executable(pid_t pid) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::error_code gone;
  std::string path = fs::read_symlink(of(pid) / "exe", gone);
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

}  // namespace husk::compare::proc
