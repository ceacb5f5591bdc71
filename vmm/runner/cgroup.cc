#include "vmm/runner/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "vmm/error.h"
#include "vmm/runner/leftovers.h"

namespace husk::runner {
namespace {

constexpr std::string_view kPrefix = "husk-";

bool has_word(const std::string& list, char separator, std::string_view word) {
  std::istringstream words(list);
  std::string each;
  while (std::getline(words, each, separator)) {
    if (each == word) return true;
  }
  return false;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// proc_pid_cgroup(5): "hierarchy-id:controllers:path"; version 2 has id 0 and no controllers.
// An empty `controller` stands for version 2.
std::optional<std::string> group_of(const std::string& pid, std::string_view controller) {
  std::ifstream file("/proc/" + pid + "/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? line.starts_with("0::") : has_word(controllers, ',', controller)) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

// proc_pid_mountinfo(5): "id parent major:minor root mount-point options [optional]... - type source super-options".
// Returns the directory of `group`, which is below `root` of the one mount that shows it.
std::optional<std::string> mounted_directory(const std::string& group, std::string_view controller) {
  std::ifstream file("/proc/self/mountinfo");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    std::string id, parent, device, root, mount_point, type, source, super_options;
    std::istringstream(line) >> id >> parent >> device >> root >> mount_point;
    std::istringstream(line.substr(separator + 3)) >> type >> source >> super_options;
    if (controller.empty() ? type != "cgroup2" : type != "cgroup" || !has_word(super_options, ',', controller)) {
      continue;
    }
    if (root == "/") return mount_point + (group == "/" ? "" : group);
    if (group == root || group.starts_with(root + "/")) return mount_point + group.substr(root.size());
  }
  return std::nullopt;
}

std::optional<std::string> directory_of(const std::string& pid, std::string_view controller) {
  const auto group = group_of(pid, controller);
  return group ? mounted_directory(*group, controller) : std::nullopt;
}

void write_value(const std::string& path, const std::string& value) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), value.data(), value.size()) < 0)
    throw Error::from_errno("write " + value + " to", path);
}

// No swap on top of the limit. The file is not there where the kernel has no swap accounting.
void limit_swap(const OwnCgroup& group, bool unified, const std::string& limit) {
  const std::string file = unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
  if (access((group.path() + "/" + file).c_str(), W_OK) == 0) group.write(file, unified ? "0" : limit);
}

}  // namespace

std::optional<CgroupPlace> find_memory_cgroup() {
  if (const auto group = group_of("self", {})) {
    if (auto directory = mounted_directory(*group, {})) {
      // The root group may have both processes and controllers; every other one hands controllers on from above.
      for (const std::string& candidate : {*directory, directory->substr(0, directory->rfind('/'))}) {
        if (has_word(first_line(candidate + "/cgroup.subtree_control"), ' ', "memory"))
          return CgroupPlace{candidate, true};
        if (*group == "/") break;
      }
    }
  }
  const std::optional<CgroupPlace> own = memory_cgroup_of("self");
  return own && !own->unified ? own : std::nullopt;
}

std::optional<std::string> cgroup_v1_of(const std::string& pid, std::string_view controller) {
  return directory_of(pid, controller);
}

std::optional<std::string> cgroup_v2_of(const std::string& pid) {
  return directory_of(pid, {});
}

std::optional<CgroupPlace> memory_cgroup_of(const std::string& pid) {
  // A controller is in one version's hierarchy only (cgroups(7), "CGROUPS VERSION 2").
  if (const auto directory = cgroup_v1_of(pid, "memory")) return CgroupPlace{*directory, false};
  if (const auto directory = cgroup_v2_of(pid)) return CgroupPlace{*directory, true};
  return std::nullopt;
}

OwnCgroup OwnCgroup::create(const std::string& directory) {
  sweep(directory, kPrefix);
  const std::string path = directory + "/" + std::string(kPrefix) + std::to_string(getpid());
  if (mkdir(path.c_str(), 0755) != 0) throw Error::from_errno("make", "control group " + path);
  OwnCgroup group(path);
  const std::string processes = path + "/cgroup.procs";
  group.processes_.reset(open(processes.c_str(), O_WRONLY | O_CLOEXEC));
  if (!group.processes_) throw Error::from_errno("open", processes);
  return group;
}

OwnCgroup::OwnCgroup(OwnCgroup&& other) noexcept
    : path_(std::exchange(other.path_, {})), processes_(std::move(other.processes_)) {}

OwnCgroup::~OwnCgroup() {
  if (!path_.empty()) remove_cgroup(path_.c_str());
}

void OwnCgroup::enter_and_leave_to_guard() {
  if (::write(processes_.get(), "0", 1) < 0) throw Error::from_errno("enter", "control group " + path_);
  path_.clear();
  processes_.reset();
}

void OwnCgroup::write(const std::string& file, const std::string& value) const {
  write_value(path_ + "/" + file, value);
}

MemoryCgroup MemoryCgroup::create(std::uint64_t limit_bytes) {
  const auto place = find_memory_cgroup();
  if (!place) throw Error("limit", "the memory of the container", "this host gives husk no memory control group");
  OwnCgroup group = OwnCgroup::create(place->directory);
  const std::string limit = std::to_string(limit_bytes);
  group.write(place->unified ? "memory.max" : "memory.limit_in_bytes", limit);
  limit_swap(group, place->unified, limit);
  return MemoryCgroup(std::move(group), place->unified);
}

bool MemoryCgroup::killed_for_memory() const {
  // memory.events (cgroup-v2.rst) and memory.oom_control (cgroup-v1/memory.rst) both have a line "oom_kill <count>".
  std::ifstream file(group_.path() + (unified_ ? "/memory.events" : "/memory.oom_control"));
  std::string name;
  std::uint64_t count = 0;
  while (file >> name >> count) {
    if (name == "oom_kill") return count > 0;
  }
  return false;
}

bool remove_cgroup(const char* path) {
  constexpr int kAttempts = 1000;
  constexpr timespec kPause{0, 1'000'000};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (rmdir(path) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY) return false;
    nanosleep(&kPause, nullptr);
  }
  return false;
}

}  // namespace husk::runner
