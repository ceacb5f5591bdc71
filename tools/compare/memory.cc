#include "tools/compare/memory.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/compare/process.h"
#include "tools/compare/process_tree.h"

namespace husk::compare {
namespace {

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

std::vector<ProcessMemory> memory_of_trees(std::vector<pid_t> roots) {
  std::vector<ProcessMemory> processes;
  std::ranges::copy(orphans(), std::back_inserter(roots));
  for (const pid_t pid : trees_of(std::move(roots))) {
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
