// Capabilities (capabilities(7)): the payload keeps the set that Docker gives a container, without CAP_MKNOD, and can
// never get more.
#pragma once

#include <cstdint>
#include <span>

namespace husk::runner {

// The numbers of the capabilities that a payload with uid 0 keeps.
std::span<const int> default_capabilities();

// Takes everything outside the default set from the bounding set, clears the ambient set, and becomes uid:gid with no
// supplementary group. A payload with uid 0 then has the default set as permitted and effective, any other uid none.
// The inheritable set is empty, as in Docker since CVE-2022-24769. `may_set_groups` is false in a user namespace that
// an unprivileged user made, where setgroups(2) is denied.
void drop_privileges(std::uint32_t uid, std::uint32_t gid, bool may_set_groups);

}  // namespace husk::runner
