#include "tools/compare/runners/containerd.h"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tools/compare/guard.h"
#include "tools/compare/runners/control_groups.h"
#include "tools/compare/runners/private_run.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kGroupPrefix[] = "husk-compare-";
constexpr int kStartMs = 10'000;
constexpr int kPatienceMs = 500;

// containerd-config.toml(5).
void write_config(const fs::path& directory) {
  const fs::path path = directory / "config.toml";
  std::ofstream file(path);
  file << "version = 2\n"
       << "root = '" << (directory / "root").string() << "'\n"
       << "state = '" << (directory / "state").string() << "'\n"
       << "disabled_plugins = [\n"
       << "  'io.containerd.grpc.v1.cri', 'io.containerd.internal.v1.opt', 'io.containerd.internal.v1.restart',\n"
       << "  'io.containerd.snapshotter.v1.aufs', 'io.containerd.snapshotter.v1.btrfs',\n"
       << "  'io.containerd.snapshotter.v1.devmapper', 'io.containerd.snapshotter.v1.zfs']\n"
       << "[grpc]\n"
       << "address = '" << (directory / "socket").string() << "'\n";
  if (!file.flush()) throw Error("write", path.string(), "it is not whole");
}

}  // namespace

Availability Containerd::detect(const Context&) const {
  for (const char* program : {"containerd", "ctr", "containerd-shim-runc-v2"}) {
    if (find_program(program).empty()) return {false, {}, "not installed (apt package containerd)"};
  }
  if (find_program("runc").empty()) return {false, {}, "not installed (apt package runc)"};
  if (geteuid() != 0) return {false, {}, "needs root"};
  return {true, version_of(find_program("containerd")), {}};
}

void Containerd::prepare(const Context& context) {
  directory_ = context.scratch / "containerd";
  group_ = kGroupPrefix + std::to_string(comparison_id()) + "-containerd";
  remove_groups_of_the_dead(kGroupPrefix);
  fs::create_directories(directory_);
  write_config(directory_);
  make_run_private(context.scratch);  // shims have their sockets in /run/containerd
  start_daemon();
}

std::vector<std::string> Containerd::client() const {
  return {find_program("ctr"), "--address", (directory_ / "socket").string(), "--namespace", group_};
}

void Containerd::start_daemon() {
  // setpriv(1): should the comparison be killed, so is the daemon.
  daemon_.emplace(Process::start({find_program("setpriv"), "--pdeathsig=KILL", find_program("containerd"), "--config",
                                  (directory_ / "config.toml").string(), "--log-level=error"},
                                 Process::Streams::kNone));
  const std::uint64_t begin = monotonic_ns();
  std::vector<std::string> ask = client();
  ask.insert(ask.end(), {"containers", "list", "--quiet"});
  constexpr int kPauseMs = 20;
  while (!output_of(ask)) {
    if (daemon_->wait(kPauseMs)) throw Error("start", "containerd", daemon_->last_error_line());
    if (left_of(kStartMs, begin) == 0) {
      daemon_.reset();
      throw Error("start", "containerd", "it has not answered within " + std::to_string(kStartMs / 1000) + " s");
    }
  }
}

std::vector<std::string> Containerd::command(const Invocation& invocation) {
  if (!daemon_ || daemon_->has_ended()) start_daemon();
  std::vector<std::string> words = client();
  words.insert(words.end(), {"run", "--rm", "--rootfs"});
  if (!invocation.root->is_private) words.emplace_back("--read-only");
  if (invocation.memory_bytes != 0) words.push_back("--memory-limit=" + std::to_string(invocation.memory_bytes));
  words.insert(words.end(), {invocation.root->directory.string(), "run-" + std::to_string(next_++)});
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

std::vector<pid_t> Containerd::daemons() const {
  return daemon_ ? std::vector<pid_t>{daemon_->pid()} : std::vector<pid_t>{};
}

void Containerd::clean_up() {
  if (!daemon_) return;
  std::vector<std::string> list = client();
  list.insert(list.end(), {"containers", "list", "--quiet"});
  std::istringstream containers(output_of(list).value_or(""));
  for (std::string container; containers >> container;) {
    // The task's shim ends with it, and the mounts of its root.
    std::vector<std::string> remove = client();
    remove.insert(remove.end(), {"tasks", "delete", "--force", container});
    output_of(remove);
  }
  daemon_.reset();
  settle_orphans(kPatienceMs);
  std::error_code none;
  for (const char* part : {"root", "state", "socket", "socket.ttrpc"}) fs::remove_all(directory_ / part, none);
  remove_group_everywhere(group_);
}

}  // namespace husk::compare
