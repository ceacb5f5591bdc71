#include "tools/compare/runners/podman.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "tools/compare/guard.h"
#include "tools/compare/process.h"
#include "tools/compare/runners/control_groups.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

// Without this podman asks for more open files and processes than a user without CAP_SYS_RESOURCE may have, and lowers
// its own limit of processes to `most` first.
std::string limit_option(const char* name, __rlimit_resource resource, rlim_t most) {
  rlimit limit{};
  getrlimit(resource, &limit);
  const std::string value = std::to_string(std::min(limit.rlim_max, most));
  return std::string("--ulimit=") + name + "=" + value + ":" + value;
}

constexpr char kGroupPrefix[] = "husk-compare-";

}  // namespace

Availability Podman::detect(const Context&) const {
  for (const char* program : {"podman", "conmon", "runc"}) {
    if (find_program(program).empty()) return {false, {}, std::string("not installed (apt package ") + program + ")"};
  }
  if (geteuid() != 0) return {false, {}, "needs root"};
  return {true, version_of(find_program("podman")), {}};
}

void Podman::prepare(const Context& context) {
  const fs::path directory = context.scratch / "podman";
  const std::string run_root = context.scratch / "run";
  // podman puts the paths of sockets below it (sun_path, unix(7)).
  constexpr std::size_t kLongestRunRoot = 50;
  if (run_root.size() > kLongestRunRoot) {
    throw Error("use", run_root, "podman takes no longer path than " + std::to_string(kLongestRunRoot) + " characters",
                "set TMPDIR to a shorter one");
  }
  logs_ = directory / "logs";
  fs::create_directories(logs_);
  group_ = kGroupPrefix + std::to_string(comparison_id());
  remove_groups_of_the_dead(kGroupPrefix);
  engine_ = {find_program("podman"),
             "--root=" + (directory / "store").string(),
             "--runroot=" + run_root,
             "--tmpdir=" + (directory / "tmp").string(),
             "--runtime=" + find_program("runc"),
             "--runtime-flag=root=" + (directory / "runc").string(),
             "--storage-driver=vfs",       // there is no image to store
             "--cgroup-manager=cgroupfs",  // systemd need not be there
             "--events-backend=none"};     // nor its journal
}

std::vector<std::string> Podman::command(const Invocation& invocation) {
  constexpr rlim_t kMostFiles = 1 << 20;
  constexpr rlim_t kMostProcesses = 1 << 15;  // the limit that podman gives itself
  std::vector<std::string> words = engine_;
  words.insert(words.end(), {"run", "--rm", "--interactive", "--network=none", "--cgroup-parent=/" + group_,
                             // In the container's directory, where a host with a journal would have it there.
                             "--log-driver=k8s-file", limit_option("nofile", RLIMIT_NOFILE, kMostFiles),
                             limit_option("nproc", RLIMIT_NPROC, kMostProcesses)});
  if (invocation.is_detached) {
    // conmon has the payload's streams: what it writes is in the log.
    detached_output_ = logs_ / (std::to_string(next_log_++) + ".log");
    words.insert(words.end(), {"--detach", "--log-opt=path=" + detached_output_.string()});
  }
  if (invocation.memory_bytes != 0) words.push_back("--memory=" + std::to_string(invocation.memory_bytes) + "b");
  if (!invocation.root->is_private) words.emplace_back("--read-only");
  words.insert(words.end(), {"--rootfs", invocation.root->directory.string()});
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

void Podman::clean_up() {
  if (engine_.empty()) return;
  std::vector<std::string> remove = engine_;
  remove.insert(remove.end(), {"rm", "--all", "--force", "--time=0"});
  const bool has_removed = output_of(remove).has_value();
  constexpr int kPatienceMs = 5000;
  settle_orphans(kPatienceMs);
  remove_group_everywhere(group_);
  if (!has_removed) throw Error("remove", "the containers of podman", "podman rm failed");
}

}  // namespace husk::compare
