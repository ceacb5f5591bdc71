#include "tools/compare/isolation/inspect.h"

#include <dirent.h>
#include <linux/capability.h>
#include <sys/capability.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tools/compare/isolation/syscall_filter.h"
#include "tools/compare/memory.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

fs::path proc(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

// A field of /proc/PID/status (proc_pid_status(5)).
std::string status_field(const fs::path& directory, const std::string& key) {
  std::ifstream file(directory / "status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return line.substr(line.find_first_not_of(" \t", key.size() + 1));
  }
  return {};
}

std::vector<pid_t> numbers_in(const fs::path& directory) {
  std::vector<pid_t> numbers;
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, gone)) {
    numbers.push_back(std::atoi(entry.path().filename().c_str()));
  }
  return numbers;
}

std::set<std::string> open_files(pid_t pid) {
  std::set<std::string> targets;
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator(proc(pid) / "fd", gone)) {
    const std::string target = fs::read_symlink(entry.path(), gone);
    if (!gone) targets.insert(target);
  }
  return targets;
}

bool has_vcpu(pid_t pid) {
  return std::ranges::any_of(open_files(pid),
                             [](const std::string& f) { return f.find("kvm-vcpu") != std::string::npos; });
}

// Reachable system calls of all threads together.
void add_system_calls(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  std::set<std::string> always, sometimes;
  std::set<std::string> modes;
  const auto calls = known_system_calls();
  for (const pid_t pid : processes) {
    for (const pid_t thread : numbers_in(proc(pid) / "task")) {
      const std::string mode = status_field(proc(pid) / "task" / std::to_string(thread), "Seccomp");
      FilterReading reading;
      if (mode == "2") {
        reading = read_filters(thread);
        if (!reading.is_readable) {
          facts["seccomp"] = "a filter that cannot be read (" + reading.why_not + ")";
          facts["syscalls_total"] = calls.size();
          return;
        }
      }
      modes.insert(mode == "2" ? "filter" : mode == "1" ? "strict" : "none");
      for (const auto& [number, name] : calls) {
        const Reach reach = evaluate(reading.filters, number);
        if (reach == Reach::kAlways) always.insert(name);
        if (reach == Reach::kSometimes) sometimes.insert(name);
      }
    }
  }
  for (const std::string& name : always) sometimes.erase(name);
  std::string text;
  for (const std::string& mode : modes) text += (text.empty() ? "" : ", ") + mode;
  facts["seccomp"] = modes.size() > 1 ? text + " (by thread)" : text;
  facts["syscalls_reachable"] = always.size() + sometimes.size();
  facts["syscalls_with_certain_arguments"] = sometimes.size();
  facts["syscalls_total"] = calls.size();
  std::set<std::string> names = always;
  names.insert(sometimes.begin(), sometimes.end());
  facts["reachable_names"] = names;
}

// Against those of the comparison, which every runner starts in.
std::vector<std::string> own_namespaces(pid_t pid) {
  std::vector<std::string> own;
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    std::error_code error;
    const fs::path mine = fs::read_symlink(proc(pid) / "ns" / name, error);
    if (error) continue;
    const fs::path other = fs::read_symlink(proc(getpid()) / "ns" / name, error);
    if (!error && mine != other) own.emplace_back(name);
  }
  return own;
}

std::vector<std::string> capabilities(pid_t pid) {
  const std::uint64_t bits = std::strtoull(status_field(proc(pid), "CapEff").c_str(), nullptr, 16);
  std::vector<std::string> names;
  for (int bit = 0; bit <= CAP_LAST_CAP; ++bit) {
    if ((bits >> bit & 1) == 0) continue;
    char* name = cap_to_name(bit);
    names.emplace_back(name);
    cap_free(name);
  }
  return names;
}

// File systems through which the kernel talks to whoever can open their files, as it sees them mounted.
std::set<std::string> kernel_interfaces(pid_t pid) {
  static const std::set<std::string> kKinds = {"proc",     "sysfs",      "cgroup", "cgroup2", "debugfs",
                                               "tracefs",  "securityfs", "bpf",    "mqueue",  "devpts",
                                               "devtmpfs", "configfs",   "fusectl"};
  std::set<std::string> found;
  std::ifstream file(proc(pid) / "mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string skip, options, kind;
    words >> skip >> skip >> skip >> skip >> skip >> options;
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream(line.substr(dash + 3)) >> kind;
    if (kKinds.contains(kind)) found.insert(kind + (options.starts_with("ro") ? " (read-only)" : ""));
  }
  return found;
}

// Nodes in the /dev that it sees.
std::size_t visible_devices(pid_t pid) {
  std::size_t count = 0;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(proc(pid) / "root/dev", none)) {
    const fs::file_status status = entry.symlink_status(none);
    count += fs::is_character_file(status) || fs::is_block_file(status);
  }
  return count;
}

}  // namespace

std::vector<pid_t> processes_that_count(pid_t root, Isolation isolation) {
  std::vector<pid_t> pids;
  for (const ProcessMemory& process : memory_of_trees({root})) pids.push_back(process.pid);
  if (pids.empty()) return pids;
  if (isolation != Isolation::kVm) {
    // The payload is the last of those that the runner has put into namespaces; husk's guard, for example, is outside.
    const auto payload =
        std::find_if(pids.rbegin(), pids.rend(), [](pid_t pid) { return !own_namespaces(pid).empty(); });
    return {payload != pids.rend() ? *payload : pids.back()};
  }
  std::erase_if(pids, [](pid_t pid) { return !has_vcpu(pid); });
  return pids;
}

nlohmann::ordered_json inspect(const std::vector<pid_t>& processes) {
  nlohmann::ordered_json facts;
  add_system_calls(facts, processes);
  const pid_t pid = processes.front();
  facts["namespaces"] = own_namespaces(pid);
  facts["capabilities"] = capabilities(pid);
  facts["no_new_privileges"] = status_field(proc(pid), "NoNewPrivs") == "1";
  std::istringstream ids(status_field(proc(pid), "Uid"));
  std::string real, effective;
  ids >> real >> effective;
  facts["user"] = effective;
  std::set<std::string> devices;
  for (const pid_t one : processes) {
    for (const std::string& target : open_files(one)) {
      if (target.starts_with("/dev/") || target.find("kvm") != std::string::npos) devices.insert(target);
    }
  }
  facts["devices"] = devices;
  facts["device_nodes_visible"] = visible_devices(pid);
  facts["kernel_interfaces"] = kernel_interfaces(pid);
  return facts;
}

}  // namespace husk::compare
