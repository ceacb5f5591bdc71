// Control groups of the payload's own, version 1 or 2 (cgroups(7)), and the one that limits its memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"

namespace husk::runner {

struct CgroupPlace {
  std::string directory;
  bool unified = false;  // version 2
};

// The group that a process ("self": the caller) is in: in version 1 of `controller`, or in version 2. Nothing when
// there is no such process, or its group is not mounted where the caller can see it.
std::optional<std::string> cgroup_v1_of(const std::string& pid, std::string_view controller);
std::optional<std::string> cgroup_v2_of(const std::string& pid);

// That of the memory controller.
std::optional<CgroupPlace> memory_cgroup_of(const std::string& pid);

// Where the caller may make memory control groups: the directory of its own group, or with version 2, where a group
// that has processes cannot hand its controllers to children, the directory above. Nothing when the host has no memory
// controller for the caller.
std::optional<CgroupPlace> find_memory_cgroup();

// A group that exists as long as the object.
class OwnCgroup {
 public:
  // Makes a group with a name of husk's in `directory`. Also removes groups of earlier husk processes that were killed
  // together with their guard. Throws when the host does not let it.
  static OwnCgroup create(const std::string& directory);

  OwnCgroup(OwnCgroup&& other) noexcept;
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup();  // as remove_cgroup, without a word about failure

  const std::string& path() const { return path_; }
  void write(const std::string& file, const std::string& value) const;  // throws

  // The caller, and what it starts from now on, is in the group. From then on the guard removes it (guard.h): nobody can
  // remove a group that he is in. Throws.
  void enter_and_leave_to_guard();

  // A descriptor to which the process that is to be in the group writes "0".
  int processes_descriptor() const { return processes_.get(); }

 private:
  explicit OwnCgroup(std::string path) : path_(std::move(path)) {}

  std::string path_;
  UniqueFd processes_;
};

class MemoryCgroup {
 public:
  static MemoryCgroup create(std::uint64_t limit_bytes);

  const OwnCgroup& group() const { return group_; }
  void enter_and_leave_to_guard() { group_.enter_and_leave_to_guard(); }
  bool unified() const { return unified_; }
  bool killed_for_memory() const;

 private:
  MemoryCgroup(OwnCgroup group, bool unified) : group_(std::move(group)), unified_(unified) {}

  OwnCgroup group_;
  bool unified_;
};

// rmdir(2), which fails with EBUSY for the moment that the kernel needs to let go of the last process.
bool remove_cgroup(const char* path);

}  // namespace husk::runner
