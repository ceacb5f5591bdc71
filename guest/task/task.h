// A task: one thread of execution, with its own kernel stack. Tasks that share a thread group form a Process
// (process.h). What clone(2) lets tasks share is held by reference: address space, descriptors, file system context,
// signal handlers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/x86_64/context.h"
#include "arch/x86_64/trap_frame.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/time.h"
#include "task/accounting.h"
#include "task/cpu_time.h"
#include "task/cpu_timers.h"
#include "task/credentials.h"
#include "task/lock_claim.h"
#include "task/restartable_sequence.h"
#include "task/run_queue.h"
#include "task/signal_state.h"
#include "task/timer_queue.h"
#include "task/trace/tracee.h"
#include "task/user.h"
#include "task/wait_queue.h"

namespace kernel::fs {
class FileTable;
class FsContext;
}  // namespace kernel::fs

namespace kernel::mm {
class AddressSpace;
}

namespace kernel::task {

class Process;
class UndoList;

enum class TaskState : std::uint8_t {
  kRunnable,         // running, or on the run queue
  kSleeping,         // until woken, a signal or the deadline
  kUninterruptible,  // until woken or the deadline
  kDead,             // its stack waits to be freed
};

class Task final : public RefCounted {
 public:
  // A new thread of `process` that starts in user mode with the registers of `frame`. Not runnable yet; the caller's
  // reference becomes the scheduler's when it is made so. kNoMem.
  static Result<Ref<Task>> create(Ref<Process> process, int tid, const arch::TrapFrame& frame);
  Task() = default;
  ~Task() override;

  // Found by this number (find_task()) until it leaves its process.
  const int& tid = tid_;
  void set_tid(int id);
  // Its end as a thread of its process.
  void leave_process();
  Ref<Process> process;
  char name[16] = {};  // comm, NUL-terminated (prctl(2) PR_SET_NAME)
  TaskState state = TaskState::kSleeping;

  // What clone(2) shares or copies. Null only in a dead task.
  Ref<mm::AddressSpace> space;
  Ref<fs::FileTable> files;
  Ref<fs::FsContext> fs;
  Ref<UndoList> undo_list;  // null until semop(2) is first asked to undo something
  Credentials credentials;
  TaskCharge charge;               // to the real user id's account
  bool no_new_privileges = false;  // prctl(2) PR_SET_NO_NEW_PRIVS
  bool joined_full_user = false;   // setuid(2) made it a user's who had more than RLIMIT_NPROC already

  TaskSignals signals;  // mask, pending, alternate stack

  Tracee* tracee = nullptr;                    // if somebody traces it (task/trace/tracee.h)
  List<Tracee, &Tracee::tracer_node> tracees;  // whom it traces

  Timer sleep_timer;  // armed while the task sleeps with a deadline

  std::uint64_t clear_child_tid = 0;  // user address (set_tid_address(2)), 0: none
  std::uint64_t robust_list = 0;      // user address (set_robust_list(2))
  SequenceArea sequence_area;         // rseq(2)
  LockClaims lock_claims;             // who waits for locks of this task's
  LockClaim* lock_claim = nullptr;    // what it waits for itself

  static constexpr std::uint64_t kDefaultTimerSlackNs = 50'000;
  std::uint64_t timer_slack_ns = kDefaultTimerSlackNs;  // prctl(2) PR_SET_TIMERSLACK: read back, not used

  std::uint16_t io_priority = 0;  // ioprio_set(2): read back, not used

  CpuTime cpu_time;
  CpuClock cpu_clock{cpu_time};
  std::uint64_t start_ns = 0;  // monotonic time of creation
  TransferCounts transfers;

  arch::Context context;  // kernel stack, callee-saved registers, FS/GS base, vector registers

  // The user-mode registers, at the top of the kernel stack. Valid while the task is in the kernel.
  arch::TrapFrame& frame() { return context.user_frame(); }

  SchedulingEntity scheduling;  // who it is to the scheduler, which alone changes it
  ListNode process_node;        // Process::threads

 private:
  int tid_ = 0;
};

// The running task. There always is one, except while the scheduler idles.
Task& current();

}  // namespace kernel::task
