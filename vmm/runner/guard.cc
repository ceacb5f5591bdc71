#include "vmm/runner/guard.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "common/bare_call.h"
#include "vmm/error.h"
#include "vmm/runner/last_step/interface.h"

namespace husk::runner {

// In the new process. Husk goes on in the same memory at the same time: no errno, no allocation, and of what is husk's
// only error_ is written.
int Guard::run(void* argument) {
  using bare::address;
  using bare::system_call;
  Guard& guard = *static_cast<Guard*>(argument);
  const unsigned long all_signals = ~0UL;
  system_call(SYS_rt_sigprocmask, SIG_SETMASK, address(&all_signals), 0, sizeof all_signals);
  system_call(SYS_setsid);  // what is sent to husk's process group or terminal is not for this process
  system_call(SYS_chdir, address("/"));
  // Everything but the pidfds goes, above all the standard streams: a reader at the other end waits for the last
  // writer.
  const char* const environment[] = {nullptr};
  long result = system_call(SYS_dup3, guard.husk_, 0, 0);
  if (result == 0) result = system_call(SYS_dup3, guard.payload_, 1, 0);
  if (result == 1) result = system_call(SYS_close_range, 2, ~0U, CLOSE_RANGE_CLOEXEC);
  if (result == 0) {
    result = system_call(SYS_execveat, guard.last_step_, address(""), address(guard.arguments_.data()),
                         address(environment), AT_EMPTY_PATH);
  }
  // No program, no guard: nothing may run unguarded. Husk says why.
  guard.error_ = static_cast<int>(-result);
  if (guard.payload_ != guard.husk_) system_call(SYS_pidfd_send_signal, guard.payload_, SIGKILL);
  bare::leave(kExitHuskError);
}

Guard::Guard(int last_step, const std::vector<std::string>& groups)
    : last_step_(last_step), groups_(groups), arguments_{last_step::kGuard}, process_(16 * 1024) {
  for (const std::string& group : groups_) arguments_.push_back(group.c_str());
  arguments_.push_back(nullptr);
}

Guard::~Guard() {
  if (process_.pid() < 0 || stays_) return;
  kill(process_.pid(), SIGKILL);
  while (waitpid(process_.pid(), nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Guard::start(int husk, int payload) {
  husk_ = husk;
  payload_ = payload;
  // Only where it fails does clone(3) write errno, and then nothing comes of the payload either.
  started_ = process_.start(0, run, this) ? 0 : errno;
  bare::system_call(SYS_futex, bare::address(&started_), FUTEX_WAKE_PRIVATE, 1);
}

void Guard::wait_until_started() {
  // Nearly always it has long been.
  while (started_ == kNotYet) {
    bare::system_call(SYS_futex, bare::address(&started_), FUTEX_WAIT_PRIVATE, kNotYet);
  }
  throw_error(started_);
}

void Guard::let_go() {
  wait_until_started();
  process_.wait_until_apart();
  check();
  stays_ = true;
}

void Guard::check() const {
  throw_error(error_);
}

void Guard::throw_error(int error) {
  if (error == 0) return;
  errno = error;
  throw Error::from_errno("start", "the payload's guard");
}

}  // namespace husk::runner
