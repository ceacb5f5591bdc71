// Who the VMM is while the guest runs, and what of the host's file system it could still name.
#pragma once

#include <sys/types.h>

namespace husk::sandbox {

// kBasic: what costs a start next to nothing. Another user than root, an empty root directory, no capabilities, not
// dumpable.
// kFull: also in a process of its own in namespaces of its own (vmm/cli/full_jail.h), so that its root is an empty
// mount. What each costs: docs/isolation.md.
enum class JailLevel { kBasic, kFull };

struct Jail {
  JailLevel level = JailLevel::kBasic;
  uid_t user = 0;         // of a VMM that was started by root: drawn_user.h
  int parent_pidfd = -1;  // kFull: the process that waits for this one, without which it ends
};

// Changes the root directory, the user, the capabilities and whether others of that user may look inside. Throws
// husk::Error, with kBasic not for a wall that the caller lacks the privileges for.
void leave_the_host(const Jail& jail);

}  // namespace husk::sandbox
