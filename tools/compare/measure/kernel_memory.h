// What the host's kernel keeps for one instance (page tables, KVM's shadow pages, sockets, inodes): as a memory control
// group of its own counts it (Documentation/admin-guide/cgroup-v1/memory.rst, "Kernel Memory Extension", and
// cgroup-v2.rst, memory.stat "kernel").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/compare/memory.h"

namespace husk::compare {

class KernelMemory {
 public:
  // Makes the control group, below the one that this process is in. Where that cannot be done the command is run
  // without one, read() returns nothing and why_not() says why.
  KernelMemory();
  ~KernelMemory();  // removes it
  KernelMemory(const KernelMemory&) = delete;
  KernelMemory& operator=(const KernelMemory&) = delete;

  // The command as one that enters the control group first.
  std::vector<std::string> enclose(std::vector<std::string> command) const;

  // The kernel's memory of the group, and of the groups that the runner has put these processes into itself.
  std::optional<std::uint64_t> read(const std::vector<ProcessMemory>& processes);

  const std::string& why_not() const { return why_not_; }

 private:
  std::filesystem::path group_;
  bool is_unified_ = false;  // version 2
  std::string why_not_;
};

}  // namespace husk::compare
