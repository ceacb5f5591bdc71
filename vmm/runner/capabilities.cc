#include "vmm/runner/capabilities.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "vmm/error.h"

namespace husk::runner {
namespace {

// No CAP_MKNOD, the 14th of Docker's: there a device control group keeps a payload from opening what it has made, here
// most containers have no control group.
constexpr std::array kDefaultCapabilities = {
    CAP_CHOWN,   CAP_DAC_OVERRIDE,     CAP_FOWNER,  CAP_FSETID,     CAP_KILL,        CAP_SETGID,  CAP_SETUID,
    CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SYS_CHROOT, CAP_AUDIT_WRITE, CAP_SETFCAP,
};

void shrink_bounding_set() {
  for (int capability = 0;; ++capability) {
    if (std::ranges::find(kDefaultCapabilities, capability) != kDefaultCapabilities.end()) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) return;  // past the last capability that this kernel knows
    throw Error::from_errno("drop capability", std::to_string(capability));
  }
}

void set_capabilities(std::span<const int> capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  for (const int capability : capabilities) {
    __user_cap_data_struct& word = data[static_cast<std::size_t>(CAP_TO_INDEX(capability))];
    word.permitted |= CAP_TO_MASK(capability);
    word.effective |= CAP_TO_MASK(capability);
  }
  if (syscall(SYS_capset, &header, data.data()) != 0) throw Error::from_errno("set", "capabilities of the payload");
}

}  // namespace

std::span<const int> default_capabilities() {
  return kDefaultCapabilities;
}

void drop_privileges(const PayloadUser& user, bool may_set_groups) {
  const auto& [uid, gid, groups] = user;
  shrink_bounding_set();  // needs CAP_SETPCAP: before the uid changes
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) throw Error::from_errno("clear", "ambient set");
  // The system calls and not glibc's wrappers, which would signal every thread that glibc believes this process has.
  if (may_set_groups && syscall(SYS_setgroups, groups.size(), groups.data()) != 0) {
    throw Error::from_errno("set", "the payload's groups");
  }
  if (syscall(SYS_setresgid, gid, gid, gid) != 0) throw Error::from_errno("set gid", std::to_string(gid));
  // With uid != 0 the kernel clears the permitted, effective and ambient sets here (capabilities(7), "Effect of user ID
  // changes on capabilities").
  if (syscall(SYS_setresuid, uid, uid, uid) != 0) throw Error::from_errno("set uid", std::to_string(uid));
  set_capabilities(uid == 0 ? default_capabilities() : std::span<const int>{});
}

}  // namespace husk::runner
