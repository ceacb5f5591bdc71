#include "task/scheduler.h"

#include <algorithm>

#include "abi/husk_abi.h"
#include "arch/x86_64/no_switch.h"
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/privileged.h"
#include "drivers/control.h"
#include "drivers/interrupts.h"
#include "guest_stats.h"
#include "lib/global.h"
#include "lib/log.h"
#include "lib/time.h"
#include "mm/address_space.h"
#include "task/exit.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/timers.h"

namespace kernel::task {
namespace {

constinit Global<List<Task, &Task::run_node>> run_queue_;
constinit TimerQueue timers_;
constinit Global<Ref<Task>> ended_;                      // left the CPU for good; freed by the next task
constinit std::uint64_t armed_ns_ = TimerQueue::kNever;  // when the LAPIC timer will fire
constinit std::uint64_t slice_end_ns_ = 0;
constinit std::uint64_t accounted_until_ns_ = 0;
constinit std::uint64_t switches_ = 0;
constinit std::uint64_t interrupts_ = 0;
constinit std::uint64_t idle_ns_ = 0;

void arm_at(std::uint64_t deadline_ns) {
  // A timer that fires too early is harmless and costs less than moving it: an earlier one stays.
  if (deadline_ns >= armed_ns_) return;
  armed_ns_ = deadline_ns;
  arch::set_timer_deadline(tsc_of_monotonic_ns(deadline_ns));
}

void idle() {
  stop_cpu_timers(*current().process);
  const std::uint64_t before = monotonic_ns();
  arm_at(timers_.next_ns());
  arch::wait_for_interrupt();
  const std::uint64_t now = monotonic_ns();
  idle_ns_ += now - before;
  accounted_until_ns_ += now - before;  // idle time is nobody's system time
}

void switch_to(Task& next) {
  Task& previous = current();
  ++switches_;
  account_exit();
  slice_end_ns_ = accounted_until_ns_ + kTimeSliceNs;
  stop_cpu_timers(*previous.process);
  start_cpu_timers(*next.process);
  arch::per_cpu.current = &next;
  if (next.space) next.space->load();
  arch::switch_context(previous.context, next.context);
  finish_switch();
}

// Also where nothing would be switched this time: whoever calls must always be able to bear it.
void check_may_switch() {
  if (arch::NoSwitch::in_force()) panic("a task would be switched while somebody holds what other tasks change");
}

// Returns when the current task has the CPU again, which may be at once.
void run_others() {
  for (;;) {
    process_interrupts(0);
    if (Task* next = run_queue_->pop_front()) {
      if (next != &current()) {
        switch_to(*next);
      } else {
        slice_end_ns_ = monotonic_ns() + kTimeSliceNs;
        start_cpu_timers(*next->process);
      }
      return;
    }
    idle();
  }
}

}  // namespace

Task& current() {
  return *arch::per_cpu.current;
}

TimerQueue& timer_queue() {
  return timers_;
}

void make_runnable(Task& task) {
  if (task.state == TaskState::kRunnable || task.state == TaskState::kDead) return;
  task.state = TaskState::kRunnable;
  run_queue_->push_back(task);
}

void wake_task(Task& task) {
  if (task.state == TaskState::kSleeping || task.state == TaskState::kUninterruptible) make_runnable(task);
}

void interrupt_task(Task& task) {
  if (task.state == TaskState::kSleeping) make_runnable(task);
}

void yield() {
  check_may_switch();
  if (run_queue_->empty()) {
    slice_end_ns_ = monotonic_ns() + kTimeSliceNs;
    return;
  }
  run_queue_->push_back(current());
  run_others();
}

bool time_slice_is_over() {
  return !run_queue_->empty() && monotonic_ns() >= slice_end_ns_;
}

bool preemption_point() {
  check_may_switch();  // also when no switch is due: a caller that may not switch must not get away with it by luck
  drivers::notice_host_signals();
  if (arch::per_cpu.pending_interrupts != 0) process_interrupts(0);
  // The timer's interrupt is not waited for: it may come a little early, when nothing here would set it again, and a KVM
  // that emulates CPL 0 often misses the moment in which interrupts are let in.
  account_exit();  // timers that count CPU time want to know
  timers_.run_expired(accounted_until_ns_);
  if (!run_queue_->empty() && accounted_until_ns_ >= slice_end_ns_) yield();
  return has_deliverable_signal(current());
}

namespace {

bool is_interrupted(const Task& task, Interruptible interruptible) {
  if (interruptible == Interruptible::kYes) return has_deliverable_signal(task);
  return interruptible == Interruptible::kFatal && must_exit(task);
}

}  // namespace

Result<void> block(Deadline deadline, Interruptible interruptible) {
  check_may_switch();
  Task& self = current();
  if (is_interrupted(self, interruptible)) return Errno::kRestart;
  if (deadline.passed()) return Errno::kTimedOut;
  self.state = interruptible == Interruptible::kYes ? TaskState::kSleeping : TaskState::kUninterruptible;
  if (!deadline.is_never()) {
    self.sleep_timer.owner = &self;
    timers_.arm(self.sleep_timer, deadline.ns(), [](Timer& timer) { make_runnable(*static_cast<Task*>(timer.owner)); });
  }
  run_others();
  self.state = TaskState::kRunnable;
  self.sleep_timer.cancel();
  if (is_interrupted(self, interruptible)) return Errno::kRestart;
  return deadline.passed() ? Result<void>(Errno::kTimedOut) : Result<void>();
}

void leave_cpu_for_good() {
  Task& self = current();
  self.state = TaskState::kDead;
  *ended_ = Ref<Task>(&self);
  self.release();  // the reference that the scheduler held since create()
  run_others();
  panic("a dead task was given the CPU");
}

void finish_switch() {
  *ended_ = nullptr;
}

void start_scheduling(Ref<Task> first) {
  Task* task = first.leak();
  task->state = TaskState::kRunnable;
  arch::per_cpu.current = task;
  accounted_until_ns_ = monotonic_ns();
  slice_end_ns_ = accounted_until_ns_ + kTimeSliceNs;
  task->space->load();
  record_payload_start();
  arch::enter_first(task->context);
}

void process_interrupts(unsigned vector) {
  std::uint64_t pending = 0;
  asm volatile("xchg %0, %1" : "+r"(pending), "+m"(arch::per_cpu.pending_interrupts) : : "memory");
  if (vector >= 32) pending |= std::uint64_t{1} << ((vector - 32) & 63);
  for (; pending != 0; pending &= pending - 1) {
    ++interrupts_;
    const auto which = static_cast<unsigned>(__builtin_ctzll(pending)) + 32;
    if (which == husk::abi::kTimerVector) {
      armed_ns_ = TimerQueue::kNever;
      timers_.run_expired(monotonic_ns());
    } else {
      drivers::handle_interrupt(static_cast<std::uint8_t>(which));
    }
  }
}

void arm_timer() {
  std::uint64_t deadline = timers_.next_ns();
  if (!run_queue_->empty()) deadline = std::min(deadline, slice_end_ns_);
  arm_at(deadline);
}

void account_entry() {
  const std::uint64_t now = monotonic_ns();
  Task& self = current();
  self.user_ns += now - accounted_until_ns_;
  self.process->accounting.cpu_time.user_ns += now - accounted_until_ns_;
  accounted_until_ns_ = now;
}

void account_exit() {
  const std::uint64_t now = monotonic_ns();
  Task& self = current();
  self.system_ns += now - accounted_until_ns_;
  self.process->accounting.cpu_time.system_ns += now - accounted_until_ns_;
  accounted_until_ns_ = now;
}

std::uint64_t context_switch_count() {
  return switches_;
}
std::uint64_t interrupt_count() {
  return interrupts_;
}
std::uint64_t idle_time_ns() {
  return idle_ns_;
}

unsigned runnable_count() {
  unsigned count = 1;
  for (Task& task : *run_queue_) {
    (void)task;
    ++count;
  }
  return count;
}

}  // namespace kernel::task
