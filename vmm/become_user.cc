#include "vmm/become_user.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace husk {

bool become_user(uid_t uid, gid_t gid) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         ::syscall(SYS_setresuid, uid, uid, uid) == 0;
}

}  // namespace husk
