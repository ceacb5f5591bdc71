// A process: a thread group with one pid, a parent, children, and an exit status that the parent collects.
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/ref.h"
#include "lib/string.h"
#include "task/ids.h"
#include "task/no_switch.h"
#include "task/signal_state.h"
#include "task/task.h"
#include "task/wait_queue.h"

namespace kernel::fs {
class File;
}

namespace kernel::task {

// Linux's struct rlimit and resource numbers (getrlimit(2)).
struct Rlimit {
  std::uint64_t current;
  std::uint64_t maximum;
};
enum : unsigned {
  kRlimitCpu = 0,
  kRlimitFsize = 1,
  kRlimitData = 2,
  kRlimitStack = 3,
  kRlimitCore = 4,
  kRlimitRss = 5,
  kRlimitNproc = 6,
  kRlimitNofile = 7,
  kRlimitMemlock = 8,
  kRlimitAs = 9,
  kRlimitLocks = 10,
  kRlimitSigpending = 11,
  kRlimitMsgqueue = 12,
  kRlimitNice = 13,
  kRlimitRtprio = 14,
  kRlimitRttime = 15,
  kRlimitCount = 16
};

enum class ProcessState : std::uint8_t { kAlive, kStopped, kZombie };

inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};  // RLIM_INFINITY

class Process final : public RefCounted {
 public:
  Process() = default;
  ~Process() override;

  int pid = 0;
  GroupId group;
  SessionId session;
  Process* parent = nullptr;         // null for pid 1; orphans go to pid 1
  int exit_signal = 17;              // what the parent is sent when this process ends (clone(2)): SIGCHLD
  std::uint64_t program = 0;         // changes with every execve(2) of this process ...
  std::uint64_t parent_program = 0;  // ... and what its parent's was when it made this one
  TaskCharge zombie_charge;          // of the last thread: a process counts until it is waited for

  List<Task, &Task::process_node> threads;
  unsigned live_threads = 0;
  ListNode sibling_node;  // parent's children
  List<Process, &Process::sibling_node> children;
  ListNode table_node;  // all processes

  ProcessState state = ProcessState::kAlive;
  int exit_status = 0;         // wait(2) encoding, valid when kZombie
  bool group_exiting = false;  // exit_group(2) or a fatal signal: all threads are on their way out
  int stop_signal = 0;         // job control state not yet reported to the parent
  bool continued = false;
  bool stop_reported = true;
  WaitQueue child_changed;  // a child ended, stopped or continued
  WaitQueue vfork_done;     // this process called execve or exited
  bool vfork_pending = false;
  Task* exec_thread = nullptr;  // the thread in execve(2): the others end on their way to user mode
  WaitQueue threads_changed;    // a thread ended

  ProcessSignals signals;  // shared pending signals, handlers, timers
  Rlimit limits[kRlimitCount];

  Ref<fs::File> executable;  // /proc/PID/exe
  String executable_path;
  std::uint64_t arguments_start = 0, arguments_end = 0;  // user addresses, /proc/PID/cmdline
  std::uint64_t environment_start = 0, environment_end = 0;

  std::uint64_t start_ns = 0;
  std::uint64_t reaped_user_ns = 0, reaped_system_ns = 0;  // of children that were waited for
  std::uint64_t user_ns = 0, system_ns = 0;                // of all threads, living and dead
  std::uint64_t minor_faults = 0;
  bool dumpable = true;  // prctl(2)
  bool no_new_privileges = false;
  std::uint32_t membarrier_registrations = 0;  // membarrier(2), of the program: a fork has them, too
  bool adopts_orphans = false;                 // prctl(2) PR_SET_CHILD_SUBREAPER
  bool has_executed = false;      // called execve(2) since it was forked: setpgid(2) of the parent fails then
  int oom_score_adj = 0;          // /proc/PID/oom_score_adj: -1000 never, 1000 first to go without memory
  int oom_score_adj_minimum = 0;  // what root last set: others do not go below

  // The process does not use its maker's address space any more: lets a maker that called vfork(2) go on.
  void end_vfork() {
    if (!vfork_pending) return;
    vfork_pending = false;
    vfork_done.wake_all();
  }

  // The thread whose tid is the pid, or null once it has exited.
  Task* leader();
  // The leader's real user id, or what it was when the leader exited: wait(2), kill(2), getpriority(2).
  std::uint32_t real_uid();
  // The leader exits.
  void remember_uid(std::uint32_t uid) { uid_at_exit_ = uid; }

 private:
  std::uint32_t uid_at_exit_ = 0;
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
  const NoSwitch guard;  // the list of processes is walked
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
