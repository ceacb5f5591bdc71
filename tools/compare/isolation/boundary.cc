#include "tools/compare/isolation/boundary.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "tools/compare/isolation/proc.h"
#include "tools/compare/process_tree.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool has_same_contents(const fs::path& a, const fs::path& b) {
  std::ifstream one(a, std::ios::binary), other(b, std::ios::binary);
  return one && other && std::equal(std::istreambuf_iterator<char>(one), {}, std::istreambuf_iterator<char>(other), {});
}

// A runner may have an image of its own (erofs, an overlay), and then the file is another one with the same contents.
bool executes_payload(pid_t pid, const std::string& payload, const PayloadImage& image) {
  struct stat mine {
  }, theirs{};
  if (stat("/", &mine) != 0 || stat((proc::of(pid) / "root").c_str(), &theirs) != 0) return false;
  if (is_same_file(mine, theirs)) return false;  // the runner, before it has entered the image
  const fs::path link = proc::of(pid) / "exe";
  std::string path = proc::executable(pid);
  for (const fs::path& root : {image.directory, image.files}) {
    if (!root.empty() && path.starts_with(root.string() + "/")) path.erase(0, root.string().size());
  }
  if (!path.starts_with('/') || (!payload.empty() && path != payload)) return false;
  const fs::path file = image.files.string() + path;
  struct stat executed {
  }, expected{};
  if (stat(link.c_str(), &executed) != 0 || lstat(file.c_str(), &expected) != 0) return false;
  if (is_same_file(executed, expected)) return true;
  return S_ISREG(expected.st_mode) && executed.st_size == expected.st_size && has_same_contents(link, file);
}

bool executes(pid_t pid, const std::string& program) {
  struct stat executed {
  }, expected{};
  return stat((proc::of(pid) / "exe").c_str(), &executed) == 0 && stat(program.c_str(), &expected) == 0 &&
         is_same_file(executed, expected);
}

bool has_one_of(pid_t pid, const std::vector<std::string>& arguments) {
  std::ifstream file(proc::of(pid) / "cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) {
    if (std::ranges::find(arguments, word) != arguments.end()) return true;
  }
  return arguments.empty();
}

// A kernel in user space may run the payload in processes whose system calls it takes over (PTRACE_SYSEMU): none of them
// gets to the host.
bool is_traced_by_one_of(pid_t pid, const std::vector<pid_t>& processes) {
  const std::string tracer = proc::status_field(proc::of(pid), "TracerPid");
  return std::ranges::any_of(processes, [&](pid_t other) { return std::to_string(other) == tracer; });
}

bool has_vcpu(pid_t pid) {
  return std::ranges::any_of(proc::open_files(pid),
                             [](const auto& file) { return file.second.find("kvm-vcpu") != std::string::npos; });
}

// Whether a thread of it was in KVM_RUN (proc_pid_syscall(5)). While it executes it says "running", so this is asked of
// one that was stopped: a signal ends KVM_RUN, and the call's number and arguments are there until the stop ends.
bool is_in_guest(pid_t pid) {
  for (const pid_t thread : proc::threads(pid)) {
    std::ifstream file(proc::of(pid) / "task" / std::to_string(thread) / "syscall");
    long number = -1;
    unsigned long descriptor = 0, request = 0;
    if (!(file >> std::dec >> number >> std::hex >> descriptor >> request)) continue;
    if (number == SYS_ioctl && request == KVM_RUN) return true;
  }
  return false;
}

bool is_stopped(pid_t pid) {
  const std::string state = proc::status_field(proc::of(pid), "State");
  return state.starts_with('T') || state.starts_with('t') || state.starts_with('Z') || state.empty();
}

void pause_briefly() {
  constexpr timespec kPause{0, 100'000};
  nanosleep(&kPause, nullptr);
}

std::string list_of(std::vector<std::string> programs) {
  std::ranges::sort(programs);
  programs.erase(std::unique(programs.begin(), programs.end()), programs.end());
  std::string text;
  for (const std::string& program : programs) text += (text.empty() ? "" : ", ") + program;
  return text.empty() ? "nothing" : text;
}

std::string what_is_looked_for(const Boundary& boundary) {
  switch (boundary.kind) {
    case Boundary::Kind::kPayload:
      return "the payload";
    case Boundary::Kind::kVcpus:
      return "a guest";
    case Boundary::Kind::kProgram:
      return boundary.program;
  }
  return "";
}

}  // namespace

BoundaryProcesses find_boundary(std::vector<pid_t> roots, const Boundary& boundary, const PayloadImage& image) {
  BoundaryProcesses found;
  std::ranges::copy(orphans(), std::back_inserter(roots));
  const std::vector<pid_t> run = trees_of(std::move(roots));
  for (const pid_t pid : run) {
    const std::string program = proc::executable(pid);
    if (program.empty()) continue;  // it has ended
    found.programs.push_back(program);
    switch (boundary.kind) {
      case Boundary::Kind::kPayload:
        if (executes_payload(pid, boundary.program, image)) found.pids.push_back(pid);
        break;
      case Boundary::Kind::kVcpus:
        if (!has_vcpu(pid)) break;
        if (!executes(pid, boundary.program)) {
          throw Error("inspect", "the VMM", "what has a vCPU executes " + program + " and not " + boundary.program);
        }
        found.pids.push_back(pid);
        break;
      case Boundary::Kind::kProgram:
        if (executes(pid, boundary.program) && has_one_of(pid, boundary.arguments) && !is_traced_by_one_of(pid, run)) {
          found.pids.push_back(pid);
        }
        break;
    }
  }
  return found;
}

std::vector<pid_t> wait_for_boundary(Process& process, const Roots& roots, const Boundary& boundary,
                                     const PayloadImage& image, int timeout_ms) {
  const std::uint64_t begin = monotonic_ns();
  BoundaryProcesses found;
  for (;;) {
    found = find_boundary(roots(), boundary, image);
    if (!found.pids.empty()) {
      if (boundary.kind != Boundary::Kind::kVcpus) return found.pids;
      const Frozen frozen(found.pids);
      if (std::ranges::all_of(found.pids, is_in_guest)) return found.pids;
    }
    if (process.has_ended()) {
      throw Error("inspect", what_is_looked_for(boundary), "it had ended before it could be looked at",
                  "give a command that takes longer");
    }
    if (left_of(timeout_ms, begin) == 0) break;
    pause_briefly();
  }
  throw Error("inspect", what_is_looked_for(boundary),
              "none of the processes runs it; they are " + list_of(found.programs));
}

Frozen::Frozen(std::vector<pid_t> pids) : pids_(std::move(pids)) {
  constexpr int kPatienceMs = 1000;
  const std::uint64_t begin = monotonic_ns();
  for (const pid_t pid : pids_) kill(pid, SIGSTOP);
  for (const pid_t pid : pids_) {
    while (!is_stopped(pid) && left_of(kPatienceMs, begin) > 0) pause_briefly();
  }
}

Frozen::~Frozen() {
  for (const pid_t pid : pids_) kill(pid, SIGCONT);
}

}  // namespace husk::compare
