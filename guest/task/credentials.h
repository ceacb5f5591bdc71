// Who a task acts as, and what it may: credentials(7), capabilities(7). Each task has its own copy; copies are made by
// fork and clone. What a change of identity or execve(2) does to them: task/identity.h.
#pragma once

#include <cstdint>

#include "lib/vector.h"
#include "task/capabilities.h"

namespace kernel::task {

// User ids, or group ids: their rules are the same.
struct Ids {
  std::uint32_t real = 0, effective = 0, saved = 0, file_system = 0;
  bool has(std::uint32_t id) const { return id == real || id == effective || id == saved; }
};

struct Credentials {
  std::uint32_t uid = 0, euid = 0, suid = 0, fsuid = 0;
  std::uint32_t gid = 0, egid = 0, sgid = 0, fsgid = 0;
  Capabilities capabilities;
  Vector<std::uint32_t> groups;

  // What a user id alone never decides.
  bool can(Capability capability) const { return capabilities.effective.has(capability); }
  bool in_group(std::uint32_t group) const {
    if (fsgid == group) return true;
    for (std::uint32_t g : groups) {
      if (g == group) return true;
    }
    return false;
  }

  Ids user_ids() const { return {uid, euid, suid, fsuid}; }
  Ids group_ids() const { return {gid, egid, sgid, fsgid}; }
  void set_user_ids(const Ids& ids) { uid = ids.real, euid = ids.effective, suid = ids.saved, fsuid = ids.file_system; }
  void set_group_ids(const Ids& ids) {
    gid = ids.real, egid = ids.effective, sgid = ids.saved, fsgid = ids.file_system;
  }

  Result<Credentials> clone() const {
    Credentials copy;
    copy.set_user_ids(user_ids());
    copy.set_group_ids(group_ids());
    copy.capabilities = capabilities;
    TRY(copy.groups.reserve(groups.size()));
    for (std::uint32_t group : groups) TRY(copy.groups.push_back(group));
    return copy;
  }
};

}  // namespace kernel::task
