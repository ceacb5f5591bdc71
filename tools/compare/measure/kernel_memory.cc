#include "tools/compare/measure/kernel_memory.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "vmm/runner/cgroup.h"
#include "vmm/runner/leftovers.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "husk-compare-memory-";

// Where the memory controller is mounted, and with which version of the interface.
struct Hierarchy {
  fs::path mount;  // empty: there is none
  bool is_unified = false;
};

Hierarchy find_hierarchy() {
  std::error_code none;
  if (fs::exists("/sys/fs/cgroup/memory/memory.kmem.usage_in_bytes", none)) return {"/sys/fs/cgroup/memory", false};
  std::ifstream file("/sys/fs/cgroup/cgroup.controllers");
  for (std::string word; file >> word;) {
    if (word == "memory") return {"/sys/fs/cgroup", true};
  }
  return {};
}

const Hierarchy& hierarchy() {
  static const Hierarchy found = find_hierarchy();
  return found;
}

// The memory control group of a process (cgroups(7), /proc/PID/cgroup); empty when it is gone.
fs::path group_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_mine =
        hierarchy().is_unified ? controllers == ",," : controllers.find(",memory,") != std::string::npos;
    if (is_mine) return hierarchy().mount / line.substr(second + 1).substr(1);
  }
  return {};
}

std::optional<std::uint64_t> kernel_bytes(const fs::path& group) {
  std::uint64_t bytes = 0;
  if (!hierarchy().is_unified) {
    std::ifstream file(group / "memory.kmem.usage_in_bytes");
    return file >> bytes ? std::optional(bytes) : std::nullopt;
  }
  std::ifstream file(group / "memory.stat");
  for (std::string key; file >> key >> bytes;) {
    if (key == "kernel") return bytes;
  }
  return std::nullopt;
}

}  // namespace

KernelMemory::KernelMemory() {
  const std::optional<runner::CgroupPlace> parent = runner::find_memory_cgroup();
  if (!parent || hierarchy().mount.empty()) {
    why_not_ = "no memory control group";
    return;
  }
  runner::sweep(parent->directory, kPrefix);
  const fs::path group = fs::path(parent->directory) / (kPrefix + std::to_string(getpid()));
  std::error_code error;
  fs::create_directory(group, error);
  if (error) {
    why_not_ = "no control group: " + error.message();
  } else if (!kernel_bytes(group)) {
    rmdir(group.c_str());
    why_not_ = "the memory controller does not count the kernel's memory here";
  } else {
    group_ = group;
  }
}

KernelMemory::~KernelMemory() {
  if (group_.empty()) return;
  runner::remove_cgroup(group_.c_str());
}

std::vector<std::string> KernelMemory::enclose(std::vector<std::string> command) const {
  if (group_.empty()) return command;
  std::vector<std::string> enclosed = {"/bin/sh", "-c", "echo 0 >\"$0\" && exec \"$@\"", group_ / "cgroup.procs"};
  enclosed.insert(enclosed.end(), command.begin(), command.end());
  return enclosed;
}

std::optional<std::uint64_t> KernelMemory::read(const std::vector<ProcessMemory>& processes) {
  if (group_.empty()) return std::nullopt;
  std::set<fs::path> groups = {group_};
  const fs::path own = group_of("self");
  for (const ProcessMemory& process : processes) {
    const fs::path group = group_of(std::to_string(process.pid));
    // Groups below group_ are counted with it.
    if (!group.empty() && group != own && !group.string().starts_with(group_.string())) groups.insert(group);
  }
  std::uint64_t sum = 0;
  for (const fs::path& group : groups) {
    const std::optional<std::uint64_t> bytes = kernel_bytes(group);
    if (!bytes) {
      why_not_ = "cannot read " + group.string();
      return std::nullopt;
    }
    sum += *bytes;
  }
  return sum;
}

}  // namespace husk::compare
