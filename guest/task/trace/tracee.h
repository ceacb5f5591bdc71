// A thread that is traced (ptrace(2)): the link between it and its tracer, which is a thread, too; what the tracer asked
// for; and what the two have to tell each other while the thread is stopped.
//
//   tracee.cc     who traces whom: from attaching to letting go, and what is left of a traced thread that has ended
//   stops.h       the thread stops, and how it goes on
//   registers.h   what a tracer may read and write of a stopped thread
//
// A tracee lives while it is on its tracer's list, which is longer than its thread: that has ended, and the tracer has not
// waited for it yet. Flags that Linux keeps in task_struct::jobctl are here, since only traced threads need them.
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "task/ids.h"

namespace kernel::task {

class Process;
class Task;
struct SignalInfo;

// PTRACE_O_*: what a tracer may set. The low ones are 1 << the event that they ask for (TraceEvent).
enum TraceOption : std::uint32_t {
  kTraceSysGood = 1,
  kTraceExitKill = 1 << 20,
  kTraceSuspendSeccomp = 1 << 21,
  kAllTraceOptions = 0xff | kTraceExitKill | kTraceSuspendSeccomp,
};

// PTRACE_EVENT_*.
enum class TraceEvent : std::uint8_t {
  kNone = 0,
  kFork = 1,
  kVfork = 2,
  kClone = 3,
  kExec = 4,
  kVforkDone = 5,
  kExit = 6,
  kStop = 128,
};
constexpr int kTraceEventShift = 8;  // where it is in a stop's code, above the signal

class Tracee final : public RefCounted {
 public:
  Tracee() = default;
  ~Tracee() override;

  // The thread, null once it has ended; and the tracer, null once it has let go.
  Task* task() const { return task_; }
  Task* tracer() const { return tracer_; }
  Process& process() const { return *process_; }
  bool leads() const { return leads_; }  // its process: the process's end is its
  int tid() const;
  std::uint32_t uid() const;
  void become_leader() { leads_ = true; }  // execve(2)
  // Whether somebody else than its process's parent traces it: then the two hear of different things (wait(2)).
  bool is_reparented() const;

  // Whether anybody is traced at all.
  static bool anybody() { return count_ != 0; }

  bool wants(TraceEvent event) const { return options & (1u << static_cast<unsigned>(event)); }
  // It has to stop before it goes back to user mode.
  bool must_trap() const { return trap_pending || notify_pending || group_stop_pending; }

  // PTRACE_SEIZE or PTRACE_ATTACH; and what the tracer has set.
  bool seized = false;
  std::uint32_t options = 0;
  // Whether the tracer had CAP_SYS_PTRACE when it attached: what a set-user-ID program of the tracee's may then gain.
  bool tracer_privileged = false;

  // How it was last resumed.
  bool stops_at_calls = false;   // PTRACE_SYSCALL
  bool emulates_calls = false;   // PTRACE_SYSEMU
  bool single_steps = false;     // PTRACE_SINGLESTEP
  bool has_forced_flag = false;  // TF in its RFLAGS is the tracer's doing

  // What is due (JOBCTL_TRAP_STOP, JOBCTL_TRAP_NOTIFY, JOBCTL_STOP_PENDING).
  bool trap_pending = false;
  bool notify_pending = false;
  bool group_stop_pending = false;
  int group_stop_signal = 0;  // of the last stop of its process
  // No SIGCONT has come since the signal was taken that it is about to act on (JOBCTL_STOP_DEQUEUED).
  bool may_stop_process = false;

  // While it is stopped.
  bool stopped = false;
  bool listening = false;      // PTRACE_LISTEN: to its tracer it is not stopped
  SignalInfo* info = nullptr;  // on the stopped thread's stack; null in a stop of the whole process
  std::uint64_t message = 0;   // PTRACE_GETEVENTMSG
  // What stopped it, until the tracer has waited for that; afterwards the signal that it goes on with. 0: none.
  int code = 0;
  std::uint64_t debug_status = 0;  // of DR6 what the last debug exception has set

  int exit_status = 0;  // wait(2) encoding, of a thread that has ended

  ListNode tracer_node;  // Task::tracees

 private:
  friend void link_tracee(Tracee& tracee, Task& task, Task& tracer);
  friend void unlink_tracee(Tracee& tracee);
  friend void note_traced_thread_end(Task& thread, int status);

  inline static constinit unsigned count_ = 0;

  Task* task_ = nullptr;
  Task* tracer_ = nullptr;
  Ref<Process> process_;
  bool leads_ = false;
  HeldId number_;          // of a thread that has ended: nobody else's until it was waited for
  std::uint32_t uid_ = 0;  // its real user id then
};

// The tracee of the process's leader, alive or ended, or null.
Tracee* tracee_of_leader(Process& process);

// PTRACE_TRACEME of the current task. kPerm.
Result<void> trace_me();
// PTRACE_ATTACH and PTRACE_SEIZE of the current task; waits until a thread that was stopped already is so for its tracer, too.
// kPerm, kNoMem; kRestart where the current task is killed meanwhile.
Result<void> attach_to(Task& task, bool seize, std::uint32_t options);
// PTRACE_DETACH, and what the end of a tracer does: the thread goes on as if it had not been traced, with Tracee::code.
void let_go(Tracee& tracee);
// All that the current task traces: it ends.
void let_go_of_all(Task& tracer);

// fork(2) and its kind: the new thread is traced by its maker's tracer. Two steps, since only the first can fail (kNoMem); null
// where nobody traces the maker.
Result<Ref<Tracee>> prepare_inherited_trace(const Task& maker);
void inherit_trace(Ref<Tracee> tracee, const Task& maker, Task& made);

// The thread ends, no thread of its process any more; `status` is what its tracer will be told.
void note_traced_thread_end(Task& thread, int status);
// Nothing is left of it but the tracee, which the tracer has waited for now.
void unlink_tracee(Tracee& tracee);

}  // namespace kernel::task
