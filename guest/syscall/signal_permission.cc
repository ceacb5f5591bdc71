#include "syscall/signal_permission.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

bool may_signal(task::Process& target, int signal) {
  const task::Task& self = task::current();
  if (self.credentials.can(task::Capability::kKill)) return true;
  if (signal == task::kSigCont && target.ids.session == self.process->ids.session) return true;
  const task::Task* thread = target.threads.front();
  const std::uint32_t real = thread ? thread->credentials.uid : target.real_uid();
  const std::uint32_t saved = thread ? thread->credentials.suid : real;
  const task::Credentials& mine = self.credentials;
  return mine.euid == saved || mine.euid == real || mine.uid == saved || mine.uid == real;
}

}  // namespace kernel::syscall
