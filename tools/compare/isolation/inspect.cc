#include "tools/compare/isolation/inspect.h"

#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "tools/compare/isolation/proc.h"
#include "tools/compare/isolation/syscall_filter.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

constexpr const char* kNamespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

// Reachable system calls of all threads together.
void add_system_calls(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  Names always, sometimes, modes;
  const auto calls = known_system_calls();
  facts["syscalls_total"] = calls.size();
  for (const pid_t pid : processes) {
    for (const pid_t thread : proc::threads(pid)) {
      const std::string mode = proc::status_field(proc::of(pid) / "task" / std::to_string(thread), "Seccomp");
      if (mode.empty()) continue;  // the thread has ended
      FilterReading reading;
      if (mode == "2") {
        reading = read_filters(thread);
        if (!reading.is_readable) {
          facts["seccomp"] = "a filter that cannot be read (" + reading.why_not + ")";
          facts["unreadable"]["syscalls_reachable"] = "the filter cannot be read: " + reading.why_not;
          return;
        }
      }
      modes.insert(mode == "2" ? "filter" : mode == "1" ? "strict" : "none");
      for (const auto& [number, name] : calls) {
        // Mode 1 has no program: seccomp(2), SECCOMP_SET_MODE_STRICT.
        static const Names kStrict = {"read", "write", "exit", "rt_sigreturn"};
        const Reach reach =
            mode == "1" ? (kStrict.contains(name) ? Reach::kAlways : Reach::kNever) : evaluate(reading.filters, number);
        if (reach == Reach::kAlways) always.insert(name);
        if (reach == Reach::kSometimes) sometimes.insert(name);
      }
    }
  }
  if (modes.empty()) {
    facts["unreadable"]["syscalls_reachable"] = "its threads had ended";
    return;
  }
  for (const std::string& name : always) sometimes.erase(name);
  std::string text;
  for (const std::string& mode : modes) text += (text.empty() ? "" : ", ") + mode;
  facts["seccomp"] = modes.size() > 1 ? text + " (by thread)" : text;
  facts["syscalls_reachable"] = always.size() + sometimes.size();
  facts["syscalls_with_certain_arguments"] = sometimes.size();
  Names names = always;
  names.insert(sometimes.begin(), sometimes.end());
  facts["reachable_names"] = names;
}

// The namespaces that all of them have of their own, against those of the comparison, which every runner starts in; and
// the others, in which the payload meets what the host has.
void add_namespaces(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  Names own, shared;
  for (const char* name : kNamespaces) {
    std::error_code error;
    const fs::path mine = fs::read_symlink(proc::of(getpid()) / "ns" / name, error);
    if (error) continue;  // a kernel without this kind
    bool is_own = true, is_known = true;
    for (const pid_t pid : processes) {
      const fs::path theirs = fs::read_symlink(proc::of(pid) / "ns" / name, error);
      is_known &= !error;
      is_own &= theirs != mine;
    }
    if (is_known) (is_own ? own : shared).insert(name);
  }
  if (own.empty() && shared.empty()) {
    facts["unreadable"]["namespaces"] = "the links in /proc/PID/ns cannot be read";
    return;
  }
  facts["namespaces"] = own;
  facts["namespaces_shared"] = shared;
}

// A capability holds over what belongs to the user namespace of its process and those below (user_namespaces(7)): in
// a child of the initial one it is no right over the host. The initial one has a fixed inode number (PROC_USER_INIT_INO
// of the kernel's include/linux/proc_ns.h, in linux/nsfs.h since 6.18), also where the comparison itself is in a child.
std::optional<bool> is_in_initial_user_namespace(pid_t pid) {
  constexpr ino_t kInitialUserNamespace = 0xEFFFFFFD;
  struct stat status {};
  if (stat((proc::of(pid) / "ns/user").c_str(), &status) != 0) return std::nullopt;
  return status.st_ino == kInitialUserNamespace;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::string text;
  // Columns are padded with spaces.
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    if (!text.empty()) text += ", ";
    std::string joined;
    for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
    text += joined;
  }
  return text;
}

void add_user(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  Names users, maps;
  bool is_initial = false, is_known = true;
  for (const pid_t pid : processes) {
    std::istringstream ids(proc::status_field(proc::of(pid), "Uid"));
    std::string real, effective;
    if (ids >> real >> effective) users.insert(effective);
    const std::optional<bool> initial = is_in_initial_user_namespace(pid);
    is_known &= initial.has_value();
    is_initial |= initial.value_or(false);
    maps.insert(text_of(proc::of(pid) / "uid_map"));
  }
  std::string text;
  for (const std::string& user : users) text += (text.empty() ? "" : ", ") + user;
  if (!users.empty()) facts["user"] = text;
  if (is_known) {
    facts["user_namespace"] = is_initial ? "initial" : "child";
  } else {
    facts["unreadable"]["user_namespace"] = "/proc/PID/ns/user cannot be read";
  }
  facts["uid_maps"] = maps;
}

// What a thread may make effective, which is more than what is effective just now (capabilities(7)).
void add_capabilities(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  std::uint64_t bits = 0;
  bool has_any = false, no_new_privileges = true;
  for (const pid_t pid : processes) {
    for (const pid_t thread : proc::threads(pid)) {
      const fs::path directory = proc::of(pid) / "task" / std::to_string(thread);
      const std::string permitted = proc::status_field(directory, "CapPrm");
      const std::string no_new = proc::status_field(directory, "NoNewPrivs");
      if (permitted.empty() || no_new.empty()) continue;
      has_any = true;
      bits |= std::strtoull(permitted.c_str(), nullptr, 16);
      no_new_privileges &= no_new == "1";
    }
  }
  if (!has_any) {
    facts["unreadable"]["capabilities"] = facts["unreadable"]["no_new_privileges"] = "/proc/PID/status cannot be read";
    return;
  }
  std::vector<std::string> names;
  for (int bit = 0; bit < 64; ++bit) {
    if ((bits >> bit & 1) == 0) continue;
    char* name = cap_to_name(bit);  // "41" for one that libcap does not know yet
    names.emplace_back(name);
    cap_free(name);
  }
  facts["capabilities"] = names;
  facts["no_new_privileges"] = no_new_privileges;
}

// File systems through which the kernel talks to whoever can open their files, as it sees them mounted.
void add_kernel_interfaces(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  static const Names kKinds = {"proc",       "sysfs",    "cgroup",    "cgroup2", "debugfs",     "tracefs",
                               "securityfs", "bpf",      "mqueue",    "devpts",  "devtmpfs",    "configfs",
                               "fusectl",    "efivarfs", "selinuxfs", "pstore",  "binfmt_misc", "hugetlbfs"};
  std::map<std::string, bool> found;  // whether it can be written
  for (const pid_t pid : processes) {
    std::ifstream file(proc::of(pid) / "mountinfo");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string skip, root, point, options, kind;
      words >> skip >> skip >> skip >> root >> point >> options;
      const std::size_t dash = line.find(" - ");
      if (dash == std::string::npos) continue;
      std::istringstream(line.substr(dash + 3)) >> kind;
      // Part of it mounted on itself, read-only (as runc does with /proc/sys), takes nothing away from the rest.
      // A node of the host's /dev that is mounted alone is a device and no file system.
      if (kind == "devtmpfs" && root != "/") continue;
      if (kKinds.contains(kind)) found[kind] |= !options.starts_with("ro");
    }
  }
  Names names;
  for (const auto& [kind, is_writable] : found) names.insert(kind + (is_writable ? "" : " (read-only)"));
  facts["kernel_interfaces"] = names;
}

void add_devices(nlohmann::ordered_json& facts, const std::vector<pid_t>& processes) {
  Names open, nodes, descriptors;
  for (const pid_t pid : processes) {
    for (const auto& [number, target] : proc::open_files(pid)) {
      if (target.starts_with("/dev/") || target.find("kvm") != std::string::npos) open.insert(target);
      if (number <= STDERR_FILENO) continue;  // the payload's streams, which are the comparison's
      // The numbers of pipes and sockets say nothing to anybody.
      descriptors.insert(target.substr(
          0, target.starts_with("pipe:") || target.starts_with("socket:") ? target.find(':') : std::string::npos));
    }
    std::error_code none;
    const fs::path directory = proc::of(pid) / "root/dev";
    for (fs::directory_iterator at(directory, none); !none && at != fs::directory_iterator(); at.increment(none)) {
      const fs::file_status status = at->symlink_status(none);
      if (fs::is_character_file(status) || fs::is_block_file(status)) nodes.insert(at->path().filename());
    }
  }
  facts["devices"] = open;
  facts["open_files"] = descriptors;
  facts["device_nodes_visible"] = nodes.size();
  facts["device_nodes"] = nodes;
}

}  // namespace

nlohmann::ordered_json inspect(const std::vector<pid_t>& processes) {
  nlohmann::ordered_json facts;
  Names executables;
  for (const pid_t pid : processes) executables.insert(proc::executable(pid));
  facts["executables"] = executables;
  facts["processes"] = processes.size();
  add_system_calls(facts, processes);
  add_namespaces(facts, processes);
  add_capabilities(facts, processes);
  add_user(facts, processes);
  add_devices(facts, processes);
  add_kernel_interfaces(facts, processes);
  return facts;
}

}  // namespace husk::compare
