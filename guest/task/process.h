// A process: a thread group with one pid, a parent, children, and an exit status that the parent collects. Each part has
// a home of its own; this is what they make together.
#pragma once

#include <cstdint>

#include "arch/x86_64/no_switch.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "task/accounting.h"
#include "task/cpu_timers.h"
#include "task/family.h"
#include "task/life.h"
#include "task/limits.h"
#include "task/policy.h"
#include "task/process_ids.h"
#include "task/running_program.h"
#include "task/signal_state.h"
#include "task/thread_group.h"
#include "task/vfork.h"

namespace kernel::task {

class Process final : public RefCounted {
 public:
  Process();
  ~Process() override;

  ProcessIds ids;          // pid, process group, session
  Family family;           // parent, children
  ThreadGroup threads;     // who runs it
  Life life;               // alive, stopped, ended: what the parent waits for
  Vfork vfork;             // what its maker waits for
  ProcessSignals signals;  // handlers, shared pending signals, timers
  ResourceLimits limits;
  RunningProgram program;
  Accounting accounting;
  CpuClock cpu_clock{accounting.cpu_time};
  ProcessPolicy policy;

  ListNode table_node;  // all processes

  // The thread whose tid is the pid, or null once it has exited.
  Task* leader();
  // The leader's real user id, or what it was when the leader exited: wait(2), kill(2), getpriority(2).
  std::uint32_t real_uid();
};

// An unused process and thread id; kAgain when all are taken.
Result<int> allocate_id();
// The table of all processes holds a reference to each, until the parent has collected its exit status.
void add_process(Process& process);
void remove_process(Process& process);
// The process or task with this id, or null. Zombies are found.
Process* find_process(int pid);
Task* find_task(int tid);
// Calls `visit` for each process in ascending pid order, from a pid on; visit returns false to stop, and switches no tasks.
using ProcessVisitor = bool (*)(Process&, void*);
void for_each_process(int first_pid, ProcessVisitor visit, void* context);
template <typename Visit>
void for_each_process_from(int first_pid, Visit visit) {
  const arch::NoSwitch guard;  // the list of processes is walked
  for_each_process(
      first_pid, [](Process& process, void* context) { return (*static_cast<Visit*>(context))(process); }, &visit);
}
template <typename Visit>
void for_each_process(Visit visit) {
  for_each_process_from(0, visit);
}

// Load figures for /proc/stat, /proc/loadavg and sysinfo(2).
struct TaskStatistics {
  unsigned processes;
  unsigned runnable;
  int last_pid;
  std::uint64_t context_switches;
  std::uint64_t forks;
  std::uint64_t idle_ns;
};
TaskStatistics task_statistics();

}  // namespace kernel::task
