// Who may do what: the permission checks of path_resolution(7) and inode(7), by the file-system ids of a task and
// its capabilities: the user id 0 alone may nothing that others may not.
#pragma once

#include <cstdint>

#include "fs/inode.h"
#include "lib/result.h"
#include "task/credentials.h"

namespace kernel::fs {

inline constexpr unsigned kMayRead = 4;
inline constexpr unsigned kMayWrite = 2;
inline constexpr unsigned kMayExecute = 1;  // of a directory: search

// The ids and privileges to check with: a task's file-system ids and effective capabilities.
struct Subject {
  std::uint32_t uid;
  std::uint32_t gid;
  const task::Credentials& credentials;  // for the groups
  task::CapabilitySet capabilities;

  bool can(task::Capability capability) const { return capabilities.has(capability); }
  bool in_group(std::uint32_t group) const;
  static Subject current();
};

// kAcces.
Result<void> check_access(const Metadata& metadata, unsigned wanted, const Subject& subject);
Result<void> check_access(Inode& inode, unsigned wanted);
// Whether the current task owns the inode or is privileged: kPerm.
Result<void> check_owner(Inode& inode);
// Removing or renaming `victim`, an entry of `directory`: write permission and the sticky bit.
Result<void> check_removal(Inode& directory, Inode& victim);

}  // namespace kernel::fs
