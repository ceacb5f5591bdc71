// The guard: sees to it that a payload does not outlive its husk, however husk ends, and removes the control group.
//
// The parent-death signal alone does not: the payload can clear it, and the kernel clears it when a payload changes its
// user (prctl(2), PR_SET_PDEATHSIG). The guard is outside of the container, in its own session, with all signals
// blocked; its only descriptor is a socket whose other end husk holds. Over it the payload's process, before it becomes
// the payload, sends a pidfd of itself. The other end closes when husk ends; then the guard kills the payload, and with
// process 1 of a pid namespace the kernel kills every process in it (pid_namespaces(7)).
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
#include <sys/socket.h>

#include "vmm/runner/last_step/interface.h"
#include "vmm/runner/last_step/system_call.h"

namespace husk::runner::last_step {
namespace {

constexpr int kSocket = 0;

struct Payload {
  int pidfd = -1;
  int process_group = 0;
};

enum class Received { kPayload, kHuskHasEnded };

Received receive(Payload& payload) {
  Watched watched;
  iovec bytes{&watched, sizeof watched};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  long size;
  do {
    size = system_call(SYS_recvmsg, kSocket, address(&message), MSG_CMSG_CLOEXEC);
  } while (size == -EINTR);
  if (size != sizeof watched || message.msg_controllen < sizeof(cmsghdr)) return Received::kHuskHasEnded;
  payload.pidfd = *reinterpret_cast<const int*>(CMSG_DATA(reinterpret_cast<cmsghdr*>(control)));
  payload.process_group = watched.process_group;
  return Received::kPayload;
}

bool wait_for(pollfd* events, unsigned count) {
  long ready;
  do {
    ready = system_call(SYS_poll, address(events), count, -1);
  } while (ready == -EINTR);
  return ready > 0;
}

void kill_payload(const Payload& payload) {
  if (payload.pidfd < 0) return;
  system_call(SYS_pidfd_send_signal, payload.pidfd, SIGKILL);
  if (payload.process_group > 0) system_call(SYS_kill, -payload.process_group, SIGKILL);
  pollfd end{payload.pidfd, POLLIN, 0};
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

[[noreturn]] void guard(const char* group) {
  system_call(SYS_prctl, PR_SET_NAME, address("husk-guard"));  // for who looks at a list of processes
  const bool has_group = group[0] != '\0';
  Payload payload;
  for (;;) {
    pollfd events[] = {{kSocket, POLLIN, 0}, {payload.pidfd, POLLIN, 0}};  // poll(2) skips a negative descriptor
    if (!wait_for(events, 2)) leave(kHuskError);
    if (events[0].revents != 0 && receive(payload) == Received::kHuskHasEnded) break;
    if (events[1].revents != 0) {
      if (!has_group) leave(0);
      // The payload has ended; husk may yet be killed before it has removed the group.
      system_call(SYS_close, payload.pidfd);
      payload = {};
    }
  }
  kill_payload(payload);
  if (has_group) remove(group);
  leave(0);
}

}  // namespace husk::runner::last_step
