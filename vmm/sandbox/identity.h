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
  uid_t user = 0;         // of a VMM that was started by root: draw_user()
  int parent_pidfd = -1;  // kFull: the process that waits for this one, without which it ends
};

// The users of VMMs that root starts: above the ranges that systemd and the container engines hand out
// (systemd.io/UIDS-GIDS), below what does not fit into a signed number. 2^28 of them, one drawn by chance for each VMM,
// so that VMMs cannot signal or trace each other: a number made from the process's would be the same in every
// container.
inline constexpr uid_t kFirstUser = 0x7000'0000;
inline constexpr uid_t kLastUser = 0x7fff'ffff;
uid_t draw_user();  // throws

// Changes the root directory, the user, the capabilities and whether others of that user may look inside. Throws
// husk::Error, with kBasic not for a wall that the caller lacks the privileges for.
void leave_the_host(const Jail& jail);

}  // namespace husk::sandbox
