#include "tools/compare/memory.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace husk::compare {
namespace {

// /proc/PID/task/TID/children (proc_tid_children(5)): the children of each thread.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> pids = {root};
  for (std::size_t next = 0; next < pids.size(); ++next) {
    for (const pid_t child : children_of(pids[next])) pids.push_back(child);
  }
  return pids;
}

bool share_memory(pid_t one, pid_t other) {
  return syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0;
}

// Nothing for a process that has ended or has no memory any more.
ProcessMemory read_memory(pid_t pid) {
  ProcessMemory memory;
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t kilobytes = 0;
    if (!(words >> key >> kilobytes)) continue;
    if (key == "Pss:") memory.pss_bytes = kilobytes * 1024;
    if (key == "Private_Clean:" || key == "Private_Dirty:") memory.private_bytes += kilobytes * 1024;
  }
  return memory;
}

std::string read_name(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

std::vector<ProcessMemory> memory_of_tree(pid_t root) {
  std::vector<ProcessMemory> processes;
  for (const pid_t pid : tree_of(root)) {
    const auto same = [&](const ProcessMemory& other) { return share_memory(pid, other.pid); };
    if (std::ranges::any_of(processes, same)) continue;
    ProcessMemory memory = read_memory(pid);
    if (memory.pss_bytes == 0) continue;
    memory.pid = pid;
    memory.name = read_name(pid);
    processes.push_back(std::move(memory));
  }
  return processes;
}

ProcessMemory total(const std::vector<ProcessMemory>& processes) {
  ProcessMemory sum;
  for (const ProcessMemory& process : processes) {
    sum.pss_bytes += process.pss_bytes;
    sum.private_bytes += process.private_bytes;
  }
  return sum;
}

}  // namespace husk::compare
