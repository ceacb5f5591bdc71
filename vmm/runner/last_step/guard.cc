// The guard: sees to it that a payload does not outlive its husk, however husk ends, and removes the control groups.
//
// The parent-death signal alone does not: the payload can clear it, and the kernel clears it when a payload changes its
// user (prctl(2), PR_SET_PDEATHSIG). The guard is outside of the container, in its own session, with all signals
// blocked; all that it has open is a pidfd of husk and one of the payload. When husk has ended it kills the payload,
// and with process 1 of a pid namespace the kernel kills every process in it (pid_namespaces(7)).
//
// A process of its own memory, of a few pages: the out-of-memory killer kills all processes that share memory with its
// victim, so a guard in husk's memory would go with husk. Should the guard itself be killed, the parent-death signal is
// still there, and the next husk that makes a control group sweeps up (MemoryCgroup::create).
#include "vmm/runner/last_step/guard.h"

#include <asm/errno.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "common/bare_call.h"
#include "vmm/runner/last_step/interface.h"

namespace husk::runner::last_step {
namespace {

using bare::address;
using bare::leave;
using bare::system_call;

constexpr int kHusk = 0;
constexpr int kPayload = 1;

bool wait_for(pollfd* events, unsigned count) {
  long ready;
  do {
    ready = system_call(SYS_poll, address(events), count, -1);
  } while (ready == -EINTR);
  return ready > 0;
}

void kill_payload() {
  system_call(SYS_pidfd_send_signal, kPayload, SIGKILL);
  pollfd end{kPayload, POLLIN, 0};
  wait_for(&end, 1);
}

// rmdir(2) fails with EBUSY for the moment that the kernel needs to let go of the last process.
void remove(const char* group) {
  constexpr int kAttempts = 1000;
  const __kernel_timespec pause{0, 1'000'000};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (system_call(SYS_rmdir, address(group)) != -EBUSY) return;
    system_call(SYS_nanosleep, address(&pause));
  }
}

}  // namespace

[[noreturn]] void guard(const char* const* groups) {
  system_call(SYS_prctl, PR_SET_NAME, address("husk-guard"));  // for who looks at a list of processes
  pollfd ends[] = {{kHusk, POLLIN, 0}, {kPayload, POLLIN, 0}};
  while (wait_for(ends, 2) && ends[0].revents == 0) {
    if (groups[0] == nullptr) leave(0);  // the payload has ended
    // Husk may yet be killed before it has removed the groups.
    ends[1].fd = -1;  // which poll(2) skips
  }
  kill_payload();
  for (; groups[0] != nullptr; ++groups) remove(groups[0]);
  leave(0);
}

}  // namespace husk::runner::last_step
