// What a memory control group of its own counts for instances: their pages, and what the host's kernel keeps for them
// (page tables, KVM's shadow pages and its arrays per page of a slot, sockets, inodes).
//
// Version 1 (Documentation/admin-guide/cgroup-v1/memory.rst): total_rss and total_cache of memory.stat, and
// memory.kmem.usage_in_bytes. Not memory.usage_in_bytes, in which each processor's batch of up to 64 pages counts that
// nobody uses yet ("5.5 usage_in_bytes: ... not exact"). Version 2 (cgroup-v2.rst): anon, file, kernel and sock of
// memory.stat. Which of the two has the memory controller is looked up: a host may mount both (systemd's "hybrid").
//
// A page is charged to the group that touches it first: page cache that was there before, of the image say, is in
// nobody's total here, and that is what makes it a measure of what one instance *more* takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/compare/memory.h"

namespace husk::compare {

struct GroupMemory {
  std::uint64_t pages_bytes = 0;   // anonymous memory and page cache
  std::uint64_t kernel_bytes = 0;  // the kernel's own
  std::uint64_t total_bytes() const { return pages_bytes + kernel_bytes; }
};

// Of the group in that directory and of those below it; nothing where the kernel does not count it.
std::optional<GroupMemory> read_group(const std::filesystem::path& directory, bool is_unified);

// Without those that lie below another one of them, which counts them.
std::set<std::filesystem::path> outermost(const std::set<std::filesystem::path>& groups);

class MemoryGroup {
 public:
  // Makes the control group, below the one that this process is in. Where that cannot be done the command is run
  // without one, read() returns nothing and why_not() says why.
  MemoryGroup();
  ~MemoryGroup();  // removes it
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // The command as one that enters the control group first.
  std::vector<std::string> enclose(std::vector<std::string> command) const;

  // The sum of the group and of those that the runners have put these processes into themselves.
  std::optional<GroupMemory> read(const std::vector<ProcessMemory>& processes);

  const std::string& why_not() const { return why_not_; }

 private:
  std::filesystem::path group_;
  bool is_unified_ = false;  // version 2
  std::string why_not_;
};

}  // namespace husk::compare
