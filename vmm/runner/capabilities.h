// Capabilities (capabilities(7)): the payload keeps the set that Docker gives a container, without CAP_MKNOD, and can
// never get more.
#pragma once

#include <span>

#include "vmm/runner/payload_user.h"

namespace husk::runner {

// The numbers of the capabilities that a payload with uid 0 keeps.
std::span<const int> default_capabilities();

// Takes everything outside the default set from the bounding set, clears the ambient set, and becomes `user` with its
// supplementary groups. A payload with uid 0 then has the default set as permitted and effective, any other uid none.
// The inheritable set is empty, as in Docker since CVE-2022-24769. `may_set_groups` is false in a user namespace that
// an unprivileged user made, where setgroups(2) is denied and the caller's groups stay.
void drop_privileges(const PayloadUser& user, bool may_set_groups);

}  // namespace husk::runner
