// Who a task acts as: credentials(7). Each task has its own copy; copies are made by fork and clone.
#pragma once

#include <cstdint>

#include "lib/vector.h"

namespace kernel::task {

struct Credentials {
  std::uint32_t uid = 0, euid = 0, suid = 0, fsuid = 0;
  std::uint32_t gid = 0, egid = 0, sgid = 0, fsgid = 0;
  Vector<std::uint32_t> groups;

  // The kernel knows one privilege: being root. Capabilities are all held by euid 0 and by nobody else.
  bool is_privileged() const { return euid == 0; }
  bool in_group(std::uint32_t group) const {
    if (fsgid == group) return true;
    for (std::uint32_t g : groups) {
      if (g == group) return true;
    }
    return false;
  }
  Result<Credentials> clone() const {
    Credentials copy;
    copy.uid = uid, copy.euid = euid, copy.suid = suid, copy.fsuid = fsuid;
    copy.gid = gid, copy.egid = egid, copy.sgid = sgid, copy.fsgid = fsgid;
    TRY(copy.groups.reserve(groups.size()));
    for (std::uint32_t group : groups) TRY(copy.groups.push_back(group));
    return copy;
  }
};

}  // namespace kernel::task
