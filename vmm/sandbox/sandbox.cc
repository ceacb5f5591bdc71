#include "vmm/sandbox/sandbox.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "vmm/emergency_exit.h"
#include "vmm/error.h"
#include "vmm/sandbox/filter.h"

namespace husk::sandbox {
namespace {

// Async-signal-safe: a filtered system call may come from anywhere.
void report_and_exit(int, siginfo_t* info, void*) {
  char line[128];
  const int length = std::snprintf(
      line, sizeof line, "husk: internal error: the sandbox does not allow system call %d; please report it\n",
      info->si_syscall);
  emergency_exit(kExitHuskError, std::string_view(line, static_cast<std::size_t>(length)));
}

void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) throw Error::from_errno("drop", "capabilities");
}

}  // namespace

void enter() {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) throw Error::from_errno("forbid", "core dumps");
  drop_capabilities();

  struct sigaction action {};
  action.sa_sigaction = report_and_exit;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) throw Error::from_errno("catch", "SIGSYS");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw Error::from_errno("set", "no_new_privs");
  install_filter();
}

}  // namespace husk::sandbox
