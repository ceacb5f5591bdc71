#include "tools/compare/measure/memory_group.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "tools/compare/guard.h"
#include "vmm/runner/cgroup.h"
#include "vmm/runner/leftovers.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "husk-compare-memory-";

// "key value" a line.
std::map<std::string, std::uint64_t> read_counters(const fs::path& path) {
  std::map<std::string, std::uint64_t> counters;
  std::ifstream file(path);
  std::string key;
  for (std::uint64_t value = 0; file >> key >> value;) counters[key] = value;
  return counters;
}

bool is_below(const fs::path& group, const fs::path& other) {
  return group.string().starts_with(other.string() + "/");
}

}  // namespace

std::optional<GroupMemory> read_group(const fs::path& directory, bool is_unified) {
  const std::map<std::string, std::uint64_t> counters = read_counters(directory / "memory.stat");
  GroupMemory memory;
  for (const char* key : {is_unified ? "anon" : "total_rss", is_unified ? "file" : "total_cache"}) {
    const auto found = counters.find(key);
    if (found == counters.end()) return std::nullopt;
    memory.pages_bytes += found->second;
  }
  if (!is_unified) {
    std::ifstream file(directory / "memory.kmem.usage_in_bytes");
    return file >> memory.kernel_bytes ? std::optional(memory) : std::nullopt;
  }
  // "kernel" has come with Linux 5.18; network buffers are counted beside it.
  const auto kernel = counters.find("kernel");
  if (kernel == counters.end()) return std::nullopt;
  const auto sockets = counters.find("sock");
  memory.kernel_bytes = kernel->second + (sockets == counters.end() ? 0 : sockets->second);
  return memory;
}

std::set<fs::path> outermost(const std::set<fs::path>& groups) {
  std::set<fs::path> kept;
  std::ranges::copy_if(groups, std::inserter(kept, kept.end()), [&](const fs::path& group) {
    return std::ranges::none_of(groups, [&](const fs::path& other) { return is_below(group, other); });
  });
  return kept;
}

MemoryGroup::MemoryGroup() {
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
  } else if (!read_group(group, is_unified_)) {
    rmdir(group.c_str());
    why_not_ = "the memory controller does not count the kernel's memory here";
  } else {
    group_ = group;
  }
}

MemoryGroup::~MemoryGroup() {
  if (group_.empty()) return;
  runner::remove_cgroup(group_.c_str());
}

std::vector<std::string> MemoryGroup::enclose(std::vector<std::string> command) const {
  if (group_.empty()) return command;
  std::vector<std::string> enclosed = {"/bin/sh", "-c", "echo 0 >\"$0\" && exec \"$@\"", group_ / "cgroup.procs"};
  enclosed.insert(enclosed.end(), command.begin(), command.end());
  return enclosed;
}

std::optional<GroupMemory> MemoryGroup::read(const std::vector<ProcessMemory>& processes) {
  if (group_.empty()) return std::nullopt;
  std::set<fs::path> groups = {group_};
  const auto own = runner::memory_cgroup_of("self");
  for (const ProcessMemory& process : processes) {
    const auto group = runner::memory_cgroup_of(std::to_string(process.pid));
    if (group && (!own || group->directory != own->directory)) groups.insert(group->directory);
  }
  GroupMemory sum;
  for (const fs::path& group : outermost(groups)) {
    const std::optional<GroupMemory> memory = read_group(group, is_unified_);
    if (!memory) {
      why_not_ = "cannot read " + group.string();
      return std::nullopt;
    }
    sum.pages_bytes += memory->pages_bytes;
    sum.kernel_bytes += memory->kernel_bytes;
  }
  return sum;
}

}  // namespace husk::compare
