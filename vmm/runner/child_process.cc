#include "vmm/runner/child_process.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "vmm/log.h"
#include "vmm/runner/sharing_process.h"

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

Payload start_child(int namespace_flags, ChildReport& report, const std::function<void(ChildReport&)>& body,
                    const std::function<void(int)>& meanwhile) {
  constexpr std::size_t kStackSize = 256 * 1024;
  SharingProcess process(kStackSize);
  Task task{report, body};
  int pidfd = -1;
  if (!process.start(CLONE_PIDFD | namespace_flags, run_task, &task, &pidfd)) {
    throw Error::from_errno("start", namespace_flags != 0 ? "a process in new namespaces" : "a process",
                            namespace_flags != 0 ? "run husk as root, or allow user namespaces" : "");
  }
  if (meanwhile) meanwhile(pidfd);
  process.wait_until_apart();
  Payload payload;
  payload.pid = process.pid();
  payload.pidfd.reset(pidfd);
  return payload;
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
