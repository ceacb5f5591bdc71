#include "vmm/runner/init_signals.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include "vmm/default_actions.h"
#include "vmm/error.h"

namespace husk::runner {
namespace {

// What proc_pid_status(5) says about a process, as far as it decides what a signal does.
struct ProcessStatus {
  bool found = false;
  pid_t thread_group = 0;
  pid_t process_group = 0;  // as the reader's pid namespace has it
  std::uint32_t real_uid = 0;
  std::uint32_t effective_uid = 0;
  std::uint32_t saved_uid = 0;
  std::uint64_t blocked = 0;
  std::uint64_t ignored = 0;
  std::uint64_t caught = 0;
  std::uint64_t effective_capabilities = 0;
};

ProcessStatus read_status(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  ProcessStatus status;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    status.found = true;
    if (name == "Tgid:") fields >> status.thread_group;
    if (name == "NSpgid:") fields >> status.process_group;
    if (name == "Uid:") fields >> status.real_uid >> status.effective_uid >> status.saved_uid;
    fields >> std::hex;
    if (name == "SigBlk:") fields >> status.blocked;
    if (name == "SigIgn:") fields >> status.ignored;
    if (name == "SigCgt:") fields >> status.caught;
    if (name == "CapEff:") fields >> status.effective_capabilities;
  }
  return status;
}

bool would_end(const ProcessStatus& payload, int signo) {
  if (!payload.found || !ends_by_default(signo)) return false;
  if (signo == SIGKILL) return true;
  const std::uint64_t bit = std::uint64_t{1} << (signo - 1);
  return ((payload.blocked | payload.ignored | payload.caught) & bit) == 0;
}

// kill(2): the sender's real or effective uid is the target's real or saved uid, or the sender has CAP_KILL.
bool may_signal(const ProcessStatus& sender, const ProcessStatus& target) {
  if (!sender.found) return false;
  if (sender.thread_group == target.thread_group) return true;
  if ((sender.effective_capabilities & (std::uint64_t{1} << CAP_KILL)) != 0) return true;
  const auto matches = [&](std::uint32_t uid) { return uid == target.real_uid || uid == target.saved_uid; };
  return matches(sender.real_uid) || matches(sender.effective_uid);
}

void send(int pidfd, int signo) {
  // ESRCH: it has just ended by itself.
  if (syscall(SYS_pidfd_send_signal, pidfd, signo, nullptr, 0) != 0 && errno != ESRCH) {
    throw Error::from_errno("send signal " + std::to_string(signo) + " to", "the payload");
  }
}

// Process 1 is named by its number in all of the calls that the filter hands over, but for kill(2) of the caller's group.
// (By its number that group cannot be named: kill(-1) is for all processes but process 1.)
bool is_meant(const ProcessStatus& payload, const ProcessStatus& sender, const seccomp_data& call) {
  return static_cast<pid_t>(call.args[0]) != 0 || sender.process_group == payload.process_group;
}

int signal_of(const seccomp_data& call) {
  // tgkill(tgid, tid, sig) and rt_tgsigqueueinfo(tgid, tid, sig, info); the others have the signal in second place.
  const bool third = call.nr == SYS_tgkill || call.nr == SYS_rt_tgsigqueueinfo;
  return static_cast<int>(call.args[third ? 2 : 1]);
}

}  // namespace

Delivery deliver_to_init(int pidfd, pid_t pid, int signo, bool already_sent) {
  const bool ends = would_end(read_status(pid), signo);
  if (ends) {
    send(pidfd, SIGKILL);
  } else if (!already_sent) {
    send(pidfd, signo);
  }
  return ends ? Delivery::kEndsPayload : Delivery::kSent;
}

std::optional<int> answer_init_signal(int listener, int pidfd, pid_t pid) {
  seccomp_notif request{};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
    if (errno == ENOENT || errno == EINTR) return std::nullopt;
    throw Error::from_errno("receive", "a seccomp notification");
  }
  seccomp_notif_resp response{};
  response.id = request.id;
  const int signo = signal_of(request.data);
  const ProcessStatus payload = read_status(pid);
  const ProcessStatus sender =
      would_end(payload, signo) ? read_status(static_cast<pid_t>(request.pid)) : ProcessStatus();
  if (is_meant(payload, sender, request.data) && may_signal(sender, payload)) {
    // Whose status was read may be another process by now, which got the number of a sender that has ended.
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &request.id) != 0) return std::nullopt;
    send(pidfd, SIGKILL);
    return signo;
  } else {
    // Everything else the kernel does itself. The arguments that were looked at are in registers, so that the sender
    // cannot change them between this check and the call (seccomp_unotify(2), NOTES).
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  }
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT) {
    throw Error::from_errno("answer", "a seccomp notification");
  }
  return std::nullopt;
}

}  // namespace husk::runner
