#include "vmm/runner/child_process.h"

#include <linux/close_range.h>
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
  // CLONE_FILES without exec would be a liability; with it, execve(2) gives the child its own copy of the table.
  const int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | SIGCHLD | namespace_flags;
  Payload payload;
  payload.pid = clone(run_task, stack.data() + stack.size(), flags, &task, &pidfd);
  if (payload.pid < 0) {
    throw Error::from_errno("start", namespace_flags != 0 ? "a process in new namespaces" : "a process",
                            namespace_flags != 0 ? "run husk as root, or allow user namespaces" : "");
  }
  payload.pidfd.reset(pidfd);
  payload.listener.reset(report.listener);
  return payload;
}

void die_with_parent(int parent_pidfd) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) throw Error::from_errno("set", "the parent-death signal");
  // getppid() cannot tell: it is 0 in a pid namespace. A pidfd is readable once its process has ended.
  pollfd parent{parent_pidfd, POLLIN, 0};
  if (poll(&parent, 1, 0) != 0) _exit(kExitHuskError);
}

void close_other_descriptors_on_exec() {
  if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) throw Error::from_errno("close", "descriptors");
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
