#include "vmm/runner/limits.h"

#include <linux/keyctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "vmm/config/values.h"
#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::runner {

void limit_descriptors() {
  constexpr rlim_t kDescriptors = 1024;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) throw Error::from_errno("read", "the limit of open files");
  limit.rlim_max = std::min(limit.rlim_max, kDescriptors);  // more takes CAP_SYS_RESOURCE (getrlimit(2))
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) throw Error::from_errno("set", "the limit of open files");
}

void set_limits(const std::vector<ResourceLimit>& limits) {
  for (const ResourceLimit& limit : limits) {
    const rlimit wanted{limit.soft, limit.hard};
    if (syscall(SYS_prlimit64, 0, limit.resource, &wanted, nullptr) == 0) continue;
    throw Error::from_errno("set", "--ulimit " + config::limit_name(limit.resource),
                            errno == EPERM ? "to have more than the caller has takes CAP_SYS_RESOURCE" : "");
  }
}

NoLimitOfFileSize::NoLimitOfFileSize() {
  if (getrlimit(RLIMIT_FSIZE, &before_) != 0) return;
  rlimit lifted{RLIM_INFINITY, RLIM_INFINITY};  // takes CAP_SYS_RESOURCE (getrlimit(2)); else what there is
  if (setrlimit(RLIMIT_FSIZE, &lifted) == 0) return;
  lifted = {before_.rlim_max, before_.rlim_max};
  setrlimit(RLIMIT_FSIZE, &lifted);
}

NoLimitOfFileSize::~NoLimitOfFileSize() {
  setrlimit(RLIMIT_FSIZE, &before_);
}

void leave_session_keyring() {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return;
  if (errno == ENOSYS) return;  // a kernel without CONFIG_KEYS has nothing to hide
  if (errno == EPERM) {
    // The kernel itself never says so here: husk runs in a container whose filter refuses keyctl(2), as Docker's does,
    // and the payload inherits that filter.
    log::write(log::Severity::kInfo, "no session keyring of the payload's own: a filter refuses keyctl(2)");
    return;
  }
  throw Error::from_errno("make", "a session keyring", "see /proc/sys/kernel/keys/maxkeys for the quota of a user");
}

}  // namespace husk::runner
