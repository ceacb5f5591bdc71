#include "task/task.h"

#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "lib/global.h"
#include "mm/address_space.h"
#include "task/process.h"
#include "task/scheduler.h"

namespace kernel::task {
namespace {

constexpr int kMaxPid = 32768;  // /proc/sys/kernel/pid_max

constinit Global<List<Process, &Process::table_node>> processes_;  // ascending pids
constinit int last_pid_ = 0;
constinit std::uint64_t forks_ = 0;

bool id_is_used(int id) {
  for (Process& process : *processes_) {
    if (process.pid == id || process.group == id || process.session == id) return true;
    for (Task& thread : process.threads) {
      if (thread.tid == id) return true;
    }
  }
  return false;
}

}  // namespace

Task::~Task() = default;
Process::~Process() = default;

Result<int> allocate_id() {
  for (int attempts = 0; attempts < kMaxPid; ++attempts) {
    last_pid_ = last_pid_ >= kMaxPid - 1 ? 2 : last_pid_ + 1;
    if (!id_is_used(last_pid_)) return last_pid_;
  }
  return Errno::kAgain;
}

Result<Ref<Task>> Task::create(Ref<Process> process, int tid, const arch::TrapFrame& frame) {
  Ref<Task> task = TRY(make_ref<Task>());
  TRY(task->context.initialise(frame));
  task->tid = tid;
  task->start_ns = monotonic_ns();
  process->threads.push_back(*task);
  ++process->live_threads;
  task->process = static_cast<Ref<Process>&&>(process);
  return task;
}

void add_process(Process& process) {
  process.retain();
  ++forks_;
  for (Process& other : *processes_) {
    if (other.pid > process.pid) {
      processes_->insert_before(other, process);
      return;
    }
  }
  processes_->push_back(process);
}

void remove_process(Process& process) {
  process.table_node.unlink();
  process.sibling_node.unlink();
  process.parent = nullptr;
  process.zombie_charge.give_back();
  process.release();
}

Task* Process::leader() {
  for (Task& thread : threads) {
    if (thread.tid == pid) return &thread;
  }
  return nullptr;
}

std::uint32_t Process::real_uid() {
  const Task* thread = leader();
  return thread ? thread->credentials.uid : uid_at_exit_;
}

Process* find_process(int pid) {
  for (Process& process : *processes_) {
    if (process.pid == pid) return &process;
  }
  return nullptr;
}

Task* find_task(int tid) {
  for (Process& process : *processes_) {
    for (Task& thread : process.threads) {
      if (thread.tid == tid) return &thread;
    }
  }
  return nullptr;
}

void for_each_process(ProcessVisitor visit, void* context) {
  for (Process& process : *processes_) {
    if (!visit(process, context)) return;
  }
}

TaskStatistics task_statistics() {
  TaskStatistics statistics{};
  for (Process& process : *processes_) {
    (void)process;
    ++statistics.processes;
  }
  statistics.runnable = runnable_count();
  statistics.last_pid = last_pid_;
  statistics.context_switches = context_switch_count();
  statistics.forks = forks_;
  statistics.idle_ns = idle_time_ns();
  return statistics;
}

}  // namespace kernel::task
