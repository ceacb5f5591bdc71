#include "syscall/pidfd_calls.h"

#include <utility>

#include "fs/file_table.h"
#include "fs/proc/proc_fs.h"
#include "fs/process_descriptor.h"
#include "syscall/file_arguments.h"
#include "syscall/signal_permission.h"
#include "task/inspection.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

using task::PidHandle;

// Whom a signal goes to; PIDFD_SIGNAL_* name one (bit n: the n-th).
enum class Scope : std::uint8_t { kThread, kProcess, kGroup };

struct Target {
  Ref<PidHandle> handle;
  Scope scope;
};

// PIDFD_SELF_THREAD and PIDFD_SELF_THREAD_GROUP stand for descriptors of the caller's own.
constexpr int kSelfThread = -10000;
constexpr int kSelfProcess = -10001;

Result<Target> target_of(int pidfd) {
  const task::Task& self = task::current();
  if (pidfd == kSelfThread) return Target{TRY(PidHandle::of(self.tid)), Scope::kThread};
  if (pidfd == kSelfProcess) return Target{TRY(PidHandle::of(self.process->ids.pid)), Scope::kProcess};
  const Ref<fs::File> file = TRY(file_argument(pidfd));
  // A directory /proc/PID will do, since it came first.
  if (const int pid = fs::process_of_directory(*file)) return Target{TRY(PidHandle::of(pid)), Scope::kProcess};
  const bool thread = file->flags() & fs::kThreadDescriptor;
  return Target{TRY(fs::handle_of(*file)), thread ? Scope::kThread : Scope::kProcess};
}

Result<void> check_signal(task::Process& process, int signal) {
  if (signal != 0 && !is_signal(signal)) return Errno::kInval;
  return may_signal(process, signal) ? Result<void>() : Result<void>(Errno::kPerm);
}

Result<void> signal_process(task::Process& process, const task::SignalInfo& info) {
  TRY(check_signal(process, info.signal));
  return info.signal == 0 ? Result<void>() : task::queue_signal(process, info);
}

// All members that may be signalled. An error only if there are none of these.
Result<void> signal_group(int group, const task::SignalInfo& info) {
  Errno failure = Errno::kSrch;
  bool sent = false;
  task::for_each_process([&](task::Process& process) {
    if (process.ids.group != group) return true;
    auto result = signal_process(process, info);
    if (result) sent = true;
    if (!result) failure = result.error();
    return true;
  });
  return sent ? Result<void>() : Result<void>(failure);
}

Result<void> signal_target(const Target& target, const task::SignalInfo& info) {
  const PidHandle& handle = *target.handle;
  if (target.scope == Scope::kGroup) {
    return handle.group() == 0 ? Result<void>(Errno::kSrch) : signal_group(handle.group(), info);
  }
  if (handle.gone()) return Errno::kSrch;
  task::Task* thread = handle.thread();
  task::Process& process = thread ? *thread->process : *handle.process();
  if (target.scope == Scope::kProcess) return signal_process(process, info);
  TRY(check_signal(process, info.signal));
  if (info.signal == 0 || !thread) return {};
  return task::queue_signal(*thread, info);
}

}  // namespace

SyscallResult sys_pidfd_send_signal(int pidfd, int signal, mm::UserPtr<const task::SignalInfo> address,
                                    std::uint32_t flags) {
  constexpr std::uint32_t kThread = 1, kProcess = 2, kGroup = 4;
  if (flags != 0 && flags != kThread && flags != kProcess && flags != kGroup) return Errno::kInval;
  Target target = TRY(target_of(pidfd));
  if (flags == kThread) target.scope = Scope::kThread;
  if (flags == kProcess) target.scope = Scope::kProcess;
  if (flags == kGroup) target.scope = Scope::kGroup;
  if (!address) {
    const task::SignalCode code = target.scope == Scope::kThread ? task::kSiTkill : task::kSiUser;
    return done(signal_target(target, task::signal_from_current(signal, code)));
  }
  task::SignalInfo info = TRY(address.read());
  if (info.signal != signal) return Errno::kInval;
  // Only to oneself may it look as if the kernel, kill(2) or tkill(2) had sent it.
  const bool to_self = target.handle->thread() == &task::current() && target.scope != Scope::kGroup;
  if ((info.code >= 0 || info.code == task::kSiTkill) && !to_self) return Errno::kPerm;
  info.padding = 0;
  return done(signal_target(target, info));
}

SyscallResult sys_pidfd_open(int pid, std::uint32_t flags) {
  if ((flags & ~(fs::kNonBlock | fs::kThreadDescriptor)) || pid <= 0) return Errno::kInval;
  Ref<PidHandle> handle = TRY(PidHandle::of(pid));
  if (!(flags & fs::kThreadDescriptor) && !handle->process()) return Errno::kNoEnt;
  Ref<fs::File> file = TRY(fs::make_process_descriptor(std::move(handle), flags));
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), true)));
}

SyscallResult sys_pidfd_getfd(int pidfd, int target_fd, std::uint32_t flags) {
  if (flags != 0) return Errno::kInval;
  const Ref<PidHandle> handle = TRY(fs::handle_of(*TRY(file_argument(pidfd))));
  if (handle->gone()) return Errno::kSrch;
  const task::Task* thread = handle->thread();
  task::Process& process = thread ? *thread->process : *handle->process();
  if (!task::may_inspect(process, task::InspectWith::kRealIds)) return Errno::kPerm;
  if (!thread || !thread->files) return Errno::kSrch;  // a zombie
  Ref<fs::File> file = TRY(thread->files->get_any(target_fd));
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), true)));
}

}  // namespace kernel::syscall
