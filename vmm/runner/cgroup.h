// A memory limit for the payload by a control group of its own, version 1 or 2 (cgroups(7)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/unique_fd.h"

namespace husk::runner {

struct CgroupPlace {
  std::string directory;
  bool unified = false;  // version 2
};

// The group that a process ("self": the caller) is in, of the memory controller or of version 2. Nothing when there is
// no such process, or its group is not mounted where the caller can see it.
std::optional<CgroupPlace> memory_cgroup_of(const std::string& pid);

// Where the caller may make memory control groups: the directory of its own group, or with version 2, where a group
// that has processes cannot hand its controllers to children, the directory above. Nothing when the host has no memory
// controller for the caller.
std::optional<CgroupPlace> find_memory_cgroup();

class MemoryCgroup {
 public:
  // Makes the group and sets the limit. Also removes groups of earlier husk processes that were killed together with
  // their guard. Throws when the host does not let it.
  static MemoryCgroup create(std::uint64_t limit_bytes);

  MemoryCgroup(MemoryCgroup&& other) noexcept;
  MemoryCgroup(const MemoryCgroup&) = delete;
  MemoryCgroup& operator=(const MemoryCgroup&) = delete;
  ~MemoryCgroup();  // as remove(), without a word about failure

  const std::string& path() const { return path_; }

  // A descriptor to which the process that is to be limited writes "0".
  int processes_descriptor() const { return processes_.get(); }

  bool killed_for_memory() const;

 private:
  MemoryCgroup(std::string path, bool unified) : path_(std::move(path)), unified_(unified) {}

  std::string path_;
  bool unified_;
  UniqueFd processes_;
};

// rmdir(2), which fails with EBUSY for the moment that the kernel needs to let go of the last process.
bool remove_cgroup(const char* path);

}  // namespace husk::runner
