#include "task/clone.h"

#include <utility>

#include "arch/x86_64/privileged.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "fs/process_descriptor.h"
#include "lib/string.h"
#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "task/pid_handle.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/trace/registers.h"
#include "task/trace/stops.h"
#include "task/undo_list.h"

namespace kernel::task {
namespace {

constexpr std::uint64_t kNamespaceFlags =
    kCloneNewNs | kCloneNewCgroup | kCloneNewUts | kCloneNewIpc | kCloneNewUser | kCloneNewPid | kCloneNewNet;

Result<void> check(const CloneArguments& arguments) {
  const std::uint64_t flags = arguments.flags;
  if ((flags & (kCloneNewNs | kCloneNewUser)) && (flags & kCloneFs)) return Errno::kInval;
  if ((flags & kCloneThread) && !(flags & kCloneSighand)) return Errno::kInval;
  if ((flags & kCloneSighand) && !(flags & kCloneVm)) return Errno::kInval;
  if ((flags & kCloneSighand) && (flags & kCloneClearSighand)) return Errno::kInval;
  // Nobody's child is process 1's sibling.
  if ((flags & kCloneParent) && !current().process->family.parent()) return Errno::kInval;
  if ((flags & kCloneThread) && (flags & (kCloneNewUser | kCloneNewPid))) return Errno::kInval;
  // One container is one set of namespaces here.
  if (flags & kNamespaceFlags) return Errno::kPerm;
  if ((flags & kClonePidfd) && (flags & kCloneDetached)) return Errno::kInval;
  if ((flags & kClonePidfd) && (flags & kCloneParentSetTid) && arguments.pidfd == arguments.parent_tid)
    return Errno::kInval;
  return {};
}

Result<Ref<Process>> make_process(const CloneArguments& arguments, int pid) {
  Task& self = current();
  Process& maker = *self.process;
  Ref<Process> process = TRY(make_ref<Process>());
  process->ids.pid = pid;
  process->ids.group = maker.ids.group;
  process->ids.session = maker.ids.session;
  process->ids.gave_up_terminal = maker.ids.gave_up_terminal;
  // A sibling ends as its maker would (clone(2), CLONE_PARENT).
  const bool sibling = arguments.flags & kCloneParent;
  process->family.exit_signal = sibling ? maker.family.exit_signal : arguments.exit_signal;
  process->family.parent_program = sibling ? maker.family.parent_program : maker.program.generation;
  process->program.executable = maker.program.executable;
  process->program.path = TRY(maker.program.path.clone());
  process->program.arguments = maker.program.arguments;
  process->program.environment = maker.program.environment;
  process->program.auxiliary = maker.program.auxiliary;
  process->accounting.start_ns = monotonic_ns();
  process->policy = maker.policy;
  process->limits = maker.limits;
  if (arguments.flags & kCloneSighand) {
    process->signals.handlers = maker.signals.handlers;
  } else {
    process->signals.handlers = TRY(make_ref<SignalHandlers>());
    for (int i = 0; i < kSignalCount; ++i) {
      SignalAction& action = process->signals.handlers->actions[i];
      action = maker.signals.handlers->actions[i];
      if ((arguments.flags & kCloneClearSighand) && action.handler > 1) action = {};
    }
  }
  return process;
}

template <typename T>
Result<Ref<T>> share_or_clone(const Ref<T>& object, bool share) {
  if (share) return Ref<T>(object);
  return object->clone();
}

// CLONE_PIDFD: a descriptor of the maker's for the task to be made, and its number where the maker asked for it. It is
// closed again unless the task is made.
class TaskDescriptor {
 public:
  TaskDescriptor() = default;
  TaskDescriptor(const TaskDescriptor&) = delete;
  TaskDescriptor& operator=(const TaskDescriptor&) = delete;
  ~TaskDescriptor() {
    // A thread with the same table may have closed it already.
    if (fd_ >= 0) (void)current().files->close(fd_);
  }
  Result<void> open(const CloneArguments& arguments, int tid) {
    const std::uint32_t flags = arguments.flags & kCloneThread ? fs::kThreadDescriptor : 0;
    auto file = TRY(fs::make_process_descriptor(TRY(PidHandle::of_new(tid)), flags));
    fd_ = TRY(current().files->install(static_cast<Ref<fs::File>&&>(file), true));
    return mm::copy_to_user(arguments.pidfd, &fd_, sizeof fd_);
  }
  void keep() { fd_ = -1; }

 private:
  int fd_ = -1;
};

// What a tracer that asked for it is told of the new task.
TraceEvent event_of(const CloneArguments& arguments) {
  if (arguments.flags & kCloneUntraced) return TraceEvent::kNone;
  const TraceEvent event = arguments.flags & kCloneVfork       ? TraceEvent::kVfork
                           : arguments.exit_signal != kSigChld ? TraceEvent::kClone
                                                               : TraceEvent::kFork;
  return current().tracee && current().tracee->wants(event) ? event : TraceEvent::kNone;
}

// CLONE_VFORK of a thread: its maker waits for its end. (If it executes a program, that ends the maker, too.)
Result<void> wait_for_end(const Task& thread) {
  const auto ended = [&] { return find_task(thread.tid) != &thread; };
  return thread.process->threads.changed.wait_until(ended, Deadline::never(), Interruptible::kFatal);
}

}  // namespace

Result<int> clone(const CloneArguments& arguments) {
  TRY(check(arguments));
  const std::uint64_t flags = arguments.flags;
  Task& self = current();
  if (!may_make_task(self)) return Errno::kAgain;
  const bool thread = flags & kCloneThread;
  const arch::SegmentBase fs_base =
      flags & kCloneSetTls ? TRY(arch::SegmentBase::chosen(arguments.tls)) : arch::read_fs_base();
  // From now on there is more than one task, so this one's vector registers need a place, too.
  TRY(self.context.prepare_vector_area());

  const int tid = TRY(allocate_id());
  Ref<Process> process = self.process;
  if (!thread) process = TRY(make_process(arguments, tid));

  arch::TrapFrame frame = self.frame();
  frame.rax = 0;
  if (self.tracee) frame.rflags = own_flags(*self.tracee);
  if (arguments.stack) frame.rsp = arguments.stack;
  Ref<mm::AddressSpace> space = self.space;
  if (!(flags & kCloneVm)) space = TRY(self.space->fork());
  auto files = TRY(share_or_clone(self.files, flags & kCloneFiles));
  auto fs = TRY(share_or_clone(self.fs, flags & kCloneFs));
  if ((flags & kCloneSysvSem) && !self.undo_list) self.undo_list = TRY(UndoList::create());
  auto credentials = TRY(self.credentials.clone());
  if (arguments.flags & kCloneParentSetTid) TRY(mm::copy_to_user(arguments.parent_tid, &tid, sizeof tid));
  if (arguments.flags & kCloneChildSetTid) TRY(mm::copy_to_space(*space, arguments.child_tid, &tid, sizeof tid));
  const TraceEvent event = event_of(arguments);
  Ref<Tracee> tracee;
  if (event != TraceEvent::kNone || (flags & kClonePtrace)) tracee = TRY(prepare_inherited_trace(self));
  TaskDescriptor descriptor;
  if (flags & kClonePidfd) TRY(descriptor.open(arguments, tid));

  // Last what can fail and must be undone: the task is a thread of its process from create() on.
  Ref<Task> task = TRY(Task::create(process, tid, frame));
  if (auto inherited = task->context.inherit_vector_state(); !inherited) {
    task->leave_process();
    return inherited.error();
  }
  descriptor.keep();
  task->context.fs_base = fs_base;
  task->context.gs_base = arch::read_gs_base();
  task->space = static_cast<Ref<mm::AddressSpace>&&>(space);
  task->files = static_cast<Ref<fs::FileTable>&&>(files);
  task->fs = static_cast<Ref<fs::FsContext>&&>(fs);
  if (flags & kCloneSysvSem) task->undo_list = self.undo_list;
  task->credentials = static_cast<Credentials&&>(credentials);
  task->charge = TaskCharge(self.charge.user());
  memcpy(task->name, self.name, sizeof task->name);
  task->timer_slack_ns = self.timer_slack_ns;
  task->io_priority = self.io_priority;
  task->no_new_privileges = self.no_new_privileges;
  inherit_scheduling(*task);
  if (flags & kCloneChildClearTid) task->clear_child_tid = arguments.child_tid;
  if (!(flags & kCloneVm)) task->sequence_area = self.sequence_area;
  copy_signals_for_clone(self, *task);
  if ((flags & kCloneVm) && !(flags & kCloneVfork)) task->signals.alternate_stack = {};

  if (!thread) {
    const Family& family = self.process->family;
    Process* parent = flags & kCloneParent ? family.parent() : self.process.get();
    if (parent) process->family.join(*parent, flags & kCloneParent ? family.parent_thread() : &self);
    if (flags & kCloneVfork) process->vfork.begin();
    add_process(*process);
  }
  const Ref<Task> made = task;
  if (tracee) inherit_trace(std::move(tracee), self, *made);
  make_runnable(*task.leak());
  if (event != TraceEvent::kNone) report_event(self, event, static_cast<std::uint64_t>(tid));

  if (flags & kCloneVfork) {
    const auto waited = thread ? wait_for_end(*made) : process->vfork.wait();
    if (!waited) return waited.error();
    if (self.tracee) report_event(self, TraceEvent::kVforkDone, static_cast<std::uint64_t>(tid));
  }
  return tid;
}

}  // namespace kernel::task
