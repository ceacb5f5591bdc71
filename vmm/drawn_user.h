// Users that nobody else on the host is: what root's VMMs (vmm/sandbox) and root's helper programs (vmm/image) become.
//
// Above the ranges that systemd and the container engines hand out (systemd.io/UIDS-GIDS), below what does not fit into
// a signed number. 2^28 of them, one drawn by chance each time, so that they cannot signal, trace or stop each other: a
// number made from the process's would be the same in every container.
#pragma once

#include <sys/types.h>

namespace husk {

inline constexpr uid_t kFirstUser = 0x7000'0000;
inline constexpr uid_t kLastUser = 0x7fff'ffff;

// "nobody", who is somebody else as well: for where a user namespace does not map the drawn number.
inline constexpr uid_t kNobody = 65534;

uid_t draw_user();  // throws husk::Error

}  // namespace husk
