#include "vmm/sandbox/sandbox.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "vmm/descriptors.h"
#include "vmm/emergency_exit.h"
#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/sandbox/environment.h"
#include "vmm/sandbox/limits.h"

namespace husk::sandbox {
namespace {

// Async-signal-safe: a filtered system call may come from anywhere.
void report_and_exit(int, siginfo_t* info, void*) {
  const int call = info->si_syscall;
  char line[160];
  // What libc does first when it gives up: a failed assertion, a smashed stack, a damaged heap.
  const bool aborts = call == SYS_tgkill || call == SYS_gettid || call == SYS_getpid || call == SYS_writev;
  const int length =
      aborts
          ? std::snprintf(line, sizeof line, "husk: internal error: aborted; please report it\n")
          : std::snprintf(line, sizeof line,
                          "husk: internal error: the sandbox does not allow system call %d; please report it\n", call);
  emergency_exit(kExitHuskError, std::string_view(line, static_cast<std::size_t>(length)));
}

void report_forbidden_calls() {
  struct sigaction action {};
  action.sa_sigaction = report_and_exit;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) throw Error::from_errno("catch", "SIGSYS");
}

}  // namespace

void enter(const Confinement& confinement) {
  // One heap for all threads (mallopt(3)). What the heap of another thread shrinks by is given back in a way that
  // depends on /proc/sys/vm/overcommit_memory, which glibc reads when it first happens (malloc/arena.c, shrink_heap).
  ::mallopt(M_ARENA_MAX, 1);
  // What can only be found out now: whether standard error is a terminal with colours (environment(7): TERM).
  if (::isatty(STDERR_FILENO) != 0) log::prepare();
  forget_environment();
  leave_the_host(confinement.jail);
  const int highest = keep_only(confinement.descriptors);
  limit_resources(
      {.guest_bytes = confinement.guest_bytes, .highest_descriptor = highest, .output = confinement.descriptors});
  report_forbidden_calls();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw Error::from_errno("set", "no_new_privs");
  install_filter(confinement.filtered);
}

}  // namespace husk::sandbox
