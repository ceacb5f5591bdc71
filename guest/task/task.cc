#include "task/task.h"

#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "lib/global.h"
#include "mm/address_space.h"
#include "task/pid_handle.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/undo_list.h"

namespace kernel::task {
namespace {

constinit Global<List<Process, &Process::table_node>> processes_;  // ascending pids
constinit unsigned process_count_ = 0;
constinit std::uint64_t forks_ = 0;

}  // namespace

Task::~Task() = default;
Process::Process() : family(*this) {}
Process::~Process() = default;

Result<int> allocate_id() {
  return ids().allocate();
}

Result<Ref<Task>> Task::create(Ref<Process> process, int tid, const arch::TrapFrame& frame) {
  Ref<Task> task = TRY(make_ref<Task>());
  TRY(task->context.initialise(frame));
  task->set_tid(tid);
  task->scheduling.task = task.get();
  task->start_ns = monotonic_ns();
  process->threads.add(*task);
  task->process = static_cast<Ref<Process>&&>(process);
  return task;
}

void Task::set_tid(int id) {
  const int before = tid_;
  if (before != 0) ids().at(before).task = nullptr;
  if (id != 0) ids().at(id).task = this;
  tid_ = id;
  if (before != 0 && before != id) note_number_left(before);
}

void Task::leave_process() {
  process->threads.remove(*this);
  cpu_clock.end();
  // It keeps its number for whoever still asks for it, but the number is somebody else's to have.
  ids().at(tid).task = nullptr;
  note_number_left(tid);
}

void add_process(Process& process) {
  process.retain();
  ++forks_;
  ++process_count_;
  Process* before = ids().process_up_to(process.ids.pid);
  Process* after = before ? processes_->next(*before) : processes_->front();
  if (after) {
    processes_->insert_before(*after, process);
  } else {
    processes_->push_back(process);
  }
  ids().at(process.ids.pid).process = &process;
}

void remove_process(Process& process) {
  --process_count_;
  process.cpu_clock.end();
  ids().at(process.ids.pid).process = nullptr;
  note_number_left(process.ids.pid);
  process.table_node.unlink();
  process.family.leave();
  process.life.zombie_charge.give_back();
  process.release();
}

Task* Process::leader() {
  return find_task(ids.pid);
}

std::uint32_t Process::real_uid() {
  const Task* thread = leader();
  return thread ? thread->credentials.uid : life.uid_at_exit;
}

Process* find_process(int pid) {
  IdTable::Entry* entry = ids().find(pid);
  return entry ? entry->process : nullptr;
}

Task* find_task(int tid) {
  IdTable::Entry* entry = ids().find(tid);
  return entry ? entry->task : nullptr;
}

void for_each_process(int first_pid, ProcessVisitor visit, void* context) {
  for (Process* process = ids().process_from(first_pid); process != nullptr;) {
    Process* next = processes_->next(*process);  // the visitor may remove the process
    if (!visit(*process, context)) return;
    process = next;
  }
}

TaskStatistics task_statistics() {
  TaskStatistics statistics{};
  statistics.processes = process_count_;
  statistics.runnable = runnable_count();
  statistics.last_pid = ids().last();
  statistics.context_switches = context_switch_count();
  statistics.forks = forks_;
  statistics.idle_ns = idle_time_ns();
  return statistics;
}

}  // namespace kernel::task
