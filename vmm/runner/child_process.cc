#include "vmm/runner/child_process.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "common/mapping.h"
#include "vmm/log.h"

namespace husk::runner {
namespace {

struct Task {
  ChildReport& report;
  const std::function<void(ChildReport&)>& body;
};

int run_task(void* argument) {
  const Task& task = *static_cast<Task*>(argument);
  try {
    task.body(task.report);
  } catch (const Error& error) {
    task.report.error = error;
  } catch (const std::exception& error) {
    task.report.error = Error("set up", "the container", error.what());
  }
  _exit(kExitHuskError);  // no destructors, no atexit: the memory is the parent's
}

}  // namespace

Payload start_child(int namespace_flags, ChildReport& report, const std::function<void(ChildReport&)>& body) {
  // The child needs a stack of its own: returning from functions on a shared one would overwrite the parent's frames.
  constexpr std::size_t kStackSize = 256 * 1024;
  void* address = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (address == MAP_FAILED) throw Error::from_errno("map", "a stack for the payload's process");
  const Mapping stack(address, kStackSize);

  Task task{report, body};
  int pidfd = -1;
  // Without CLONE_FILES: the child closes what the payload must not reach long before it executes a program.
  const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | namespace_flags;
  Payload payload;
  payload.pid = clone(run_task, stack.data() + stack.size(), flags, &task, &pidfd);
  if (payload.pid < 0) {
    throw Error::from_errno("start", namespace_flags != 0 ? "a process in new namespaces" : "a process",
                            namespace_flags != 0 ? "run husk as root, or allow user namespaces" : "");
  }
  payload.pidfd.reset(pidfd);
  return payload;
}

void die_with_parent(int parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) throw Error::from_errno("set", "the parent-death signal");
  // getppid() cannot tell: it is 0 in a pid namespace.
  pollfd end{parent, POLLIN, 0};
  if (poll(&end, 1, 0) != 0) _exit(kExitHuskError);
}

UniqueFd open_pidfd_of_self() {
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!fd) throw Error::from_errno("open", "a pidfd");
  return fd;
}

std::optional<int> check_start(const Payload& payload, ChildReport& report) {
  if (!report.error && !report.failure) return std::nullopt;
  while (waitpid(payload.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (report.error) throw *report.error;
  log::write(log::Severity::kError, report.failure->message);
  return report.failure->status;
}

}  // namespace husk::runner
