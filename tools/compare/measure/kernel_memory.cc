#include "tools/compare/measure/kernel_memory.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "tools/compare/guard.h"
#include "vmm/runner/cgroup.h"
#include "vmm/runner/leftovers.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "husk-compare-memory-";

std::optional<std::uint64_t> kernel_bytes(const fs::path& group, bool is_unified) {
  std::uint64_t bytes = 0;
  if (!is_unified) {
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
  if (!parent) {
    why_not_ = "no memory control group";
    return;
  }
  is_unified_ = parent->unified;
  runner::sweep(parent->directory, kPrefix);
  const fs::path group = fs::path(parent->directory) / (kPrefix + std::to_string(comparison_id()));
  std::error_code error;
  fs::create_directory(group, error);
  if (error) {
    why_not_ = "no control group: " + error.message();
  } else if (!kernel_bytes(group, is_unified_)) {
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
  std::set<std::string> groups = {group_};
  const auto own = runner::memory_cgroup_of("self");
  for (const ProcessMemory& process : processes) {
    const auto group = runner::memory_cgroup_of(std::to_string(process.pid));
    if (!group || (own && group->directory == own->directory)) continue;
    // Groups below group_ are counted with it.
    if (!group->directory.starts_with(group_.string())) groups.insert(group->directory);
  }
  std::uint64_t sum = 0;
  for (const std::string& group : groups) {
    const std::optional<std::uint64_t> bytes = kernel_bytes(group, is_unified_);
    if (!bytes) {
      why_not_ = "cannot read " + group;
      return std::nullopt;
    }
    sum += *bytes;
  }
  return sum;
}

}  // namespace husk::compare
