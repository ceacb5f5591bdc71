#include "vmm/become_user.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace husk {

bool become_user(uid_t uid, gid_t gid, std::span<const std::uint32_t> groups) {
  static_assert(sizeof(gid_t) == sizeof(std::uint32_t));
  return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0 && ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         ::syscall(SYS_setresuid, uid, uid, uid) == 0;
}

}  // namespace husk
