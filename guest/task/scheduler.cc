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
#include "task/cpu_scheduler.h"
#include "task/exit.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/timers.h"
#include "task/wall_clock.h"

namespace kernel::task {
namespace {

constinit Global<CpuScheduler> boot_scheduler_;

CpuScheduler& here() {
  return CpuScheduler::here();
}

void arm_at(std::uint64_t deadline_ns) {
  CpuScheduler& cpu = here();
  // A timer that fires too early is harmless and costs less than moving it: an earlier one stays.
  if (deadline_ns >= cpu.armed_ns) return;
  cpu.armed_ns = deadline_ns;
  arch::set_timer_deadline(tsc_of_monotonic_ns(deadline_ns));
}

void idle() {
  CpuScheduler& cpu = here();
  stop_cpu_timers(*current().process);
  const std::uint64_t before = monotonic_ns();
  arm_at(cpu.timers.next_ns());
  arch::wait_for_interrupt();
  const std::uint64_t now = monotonic_ns();
  cpu.idle_ns += now - before;
  cpu.accounted_until_ns += now - before;  // idle time is nobody's system time
}

// What the current task has had of the CPU counts for its place among the others.
void charge_current() {
  account_exit();
  CpuScheduler& cpu = here();
  Task& self = current();
  const std::uint64_t total = self.cpu_time.total_ns();
  cpu.run_queue.charge(self.scheduling, total - cpu.charged_ns, cpu.accounted_until_ns);
  cpu.charged_ns = total;
}

void begin_slice(const Task& task) {
  CpuScheduler& cpu = here();
  cpu.slice_start_ns = monotonic_ns();
  cpu.slice_end_ns = saturating_add(cpu.slice_start_ns, cpu.run_queue.slice_ns(task.scheduling, cpu.slice_start_ns));
}

void switch_to(Task& next) {
  Task& previous = current();
  ++here().switches;
  account_exit();
  here().charged_ns = next.cpu_time.total_ns();
  begin_slice(next);
  stop_cpu_timers(*previous.process);
  start_cpu_timers(next);
  previous.sequence_area.interrupted = previous.sequence_area.address != 0;
  arch::this_cpu().current = &next;
  if (next.space) next.space->load();
  arch::switch_context(previous.context, next.context);
  finish_switch();
}

// Also where nothing would be switched this time: whoever calls must always be able to bear it.
void check_may_switch() {
  if (arch::NoSwitch::in_force()) panic("a task would be switched while somebody holds what other tasks change");
}

void run(Task& next) {
  if (&next != &current()) return switch_to(next);
  begin_slice(next);
  start_cpu_timers(next);  // stopped if it idled
}

// Returns when the current task has the CPU again, which may be at once.
void run_others() {
  charge_current();
  for (;;) {
    process_interrupts(0);
    if (SchedulingEntity* next = here().run_queue.take_first()) return run(*next->task);
    idle();
  }
}

// Somebody has come to the run queue while the current task runs. Even one who should run at once leaves it a moment, so
// that what wakes another one with each of its system calls is not interrupted by each of them.
void adapt_slice(const Task& added, bool was_alone) {
  constexpr std::uint64_t kShortestRunNs = 1'000'000;
  CpuScheduler& cpu = here();
  const Task& self = current();
  if (self.state != TaskState::kRunnable || self.scheduling.queued()) return;
  charge_current();
  const std::uint64_t now = cpu.accounted_until_ns;
  // Nobody has waited until now, however long it has run.
  if (was_alone) cpu.slice_end_ns = saturating_add(now, cpu.run_queue.slice_ns(self.scheduling, now));
  if (!RunQueue::preempts(added.scheduling, self.scheduling)) return;
  const bool at_once = added.scheduling.realtime();
  cpu.slice_end_ns = std::min(cpu.slice_end_ns, at_once ? now : std::max(now, cpu.slice_start_ns + kShortestRunNs));
}

}  // namespace

void initialise_scheduler() {
  arch::this_cpu().scheduler = &*boot_scheduler_;
}

Task& current() {
  return *arch::this_cpu().current;
}

TimerQueue& timer_queue() {
  return here().timers;
}

void make_runnable(Task& task) {
  if (task.state == TaskState::kRunnable || task.state == TaskState::kDead) return;
  task.state = TaskState::kRunnable;
  RunQueue& queue = here().run_queue;
  const bool was_alone = queue.empty();
  queue.add_woken(task.scheduling, monotonic_ns());
  adapt_slice(task, was_alone);
}

void wake_task(Task& task) {
  if (task.state == TaskState::kSleeping || task.state == TaskState::kUninterruptible) make_runnable(task);
}

void interrupt_task(Task& task) {
  if (task.state == TaskState::kSleeping) make_runnable(task);
}

void yield() {
  CpuScheduler& cpu = here();
  check_may_switch();
  Task& self = current();
  charge_current();
  process_interrupts(0);
  if (cpu.run_queue.empty()) return begin_slice(self);
  // Among real-time tasks it lets those run that have its priority, but none below it.
  const bool realtime = self.scheduling.realtime();
  if (realtime) cpu.run_queue.add_yielding(self.scheduling, cpu.accounted_until_ns);
  SchedulingEntity* next = cpu.run_queue.take_first();
  if (!realtime) cpu.run_queue.add_yielding(self.scheduling, cpu.accounted_until_ns);
  run(*next->task);
}

void give_way() {
  check_may_switch();
  charge_current();
  CpuScheduler& cpu = here();
  cpu.run_queue.add_preempted(current().scheduling, cpu.accounted_until_ns);
  run_others();
}

void set_scheduling(Task& task, const SchedulingParameters& parameters) {
  charge_current();
  CpuScheduler& cpu = here();
  cpu.run_queue.set_parameters(task.scheduling, parameters, cpu.accounted_until_ns);
  // Who should run now is found out on the way to user mode.
  cpu.slice_end_ns = std::min(cpu.slice_end_ns, cpu.accounted_until_ns);
  note_priority_changed(task);
}

void set_inherited_priority(Task& task, std::uint8_t priority) {
  charge_current();
  CpuScheduler& cpu = here();
  cpu.run_queue.set_inherited_priority(task.scheduling, priority, cpu.accounted_until_ns);
  cpu.slice_end_ns = std::min(cpu.slice_end_ns, cpu.accounted_until_ns);
}

void inherit_scheduling(Task& child) {
  charge_current();
  here().run_queue.start(child.scheduling, current().scheduling);
}

bool time_slice_is_over() {
  CpuScheduler& cpu = here();
  return !cpu.run_queue.empty() && monotonic_ns() >= cpu.slice_end_ns;
}

bool preemption_point() {
  CpuScheduler& cpu = here();
  check_may_switch();  // also when no switch is due: a caller that may not switch must not get away with it by luck
  drivers::notice_host_signals();
  if (arch::this_cpu().pending_interrupts != 0) process_interrupts(0);
  // The timer's interrupt is not waited for: it may come a little early, when nothing here would set it again, and a KVM
  // that emulates CPL 0 often misses the moment in which interrupts are let in.
  account_exit();  // timers that count CPU time want to know
  cpu.timers.run_expired(cpu.accounted_until_ns);
  if (!cpu.run_queue.empty() && cpu.accounted_until_ns >= cpu.slice_end_ns) give_way();
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
  // Whoever sets the wall clock wakes us, and the caller calls again.
  Sleeper setter;
  WaitEntry clock_changes;
  if (deadline.moves()) clock_changes.attach(wall_clock_changes(), setter);
  if (is_interrupted(self, interruptible)) return Errno::kRestart;
  if (deadline.passed()) return Errno::kTimedOut;
  self.state = interruptible == Interruptible::kYes ? TaskState::kSleeping : TaskState::kUninterruptible;
  if (!deadline.is_never()) {
    self.sleep_timer.owner = &self;
    here().timers.arm(self.sleep_timer, deadline.ns(),
                      [](Timer& timer) { make_runnable(*static_cast<Task*>(timer.owner)); });
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
  here().ended = Ref<Task>(&self);
  self.release();  // the reference that the scheduler held since create()
  run_others();
  panic("a dead task was given the CPU");
}

void finish_switch() {
  here().ended = nullptr;
}

void start_scheduling(Ref<Task> first) {
  CpuScheduler& cpu = here();
  Task* task = first.leak();
  task->state = TaskState::kRunnable;
  cpu.accounted_until_ns = monotonic_ns();
  begin_slice(*task);
  task->space->load();
  record_payload_start();
  arch::enter_first(task->context);
}

void process_interrupts(unsigned vector) {
  CpuScheduler& cpu = here();
  std::uint64_t pending = 0;
  asm volatile("xchg %0, %1" : "+r"(pending), "+m"(arch::this_cpu().pending_interrupts) : : "memory");
  if (vector >= 32) pending |= std::uint64_t{1} << ((vector - 32) & 63);
  for (; pending != 0; pending &= pending - 1) {
    ++cpu.interrupts;
    const auto which = static_cast<unsigned>(__builtin_ctzll(pending)) + 32;
    if (which == husk::abi::kTimerVector) {
      cpu.armed_ns = TimerQueue::kNever;
      cpu.timers.run_expired(monotonic_ns());
    } else {
      drivers::handle_interrupt(static_cast<std::uint8_t>(which));
    }
  }
}

void arm_timer() {
  CpuScheduler& cpu = here();
  std::uint64_t deadline = cpu.timers.next_ns();
  if (!cpu.run_queue.empty()) deadline = std::min(deadline, cpu.slice_end_ns);
  arm_at(deadline);
}

void account_entry() {
  CpuScheduler& cpu = here();
  const std::uint64_t now = monotonic_ns();
  Task& self = current();
  self.cpu_time.user_ns += now - cpu.accounted_until_ns;
  self.process->accounting.cpu_time.user_ns += now - cpu.accounted_until_ns;
  cpu.accounted_until_ns = now;
}

void account_exit() {
  CpuScheduler& cpu = here();
  const std::uint64_t now = monotonic_ns();
  Task& self = current();
  self.cpu_time.system_ns += now - cpu.accounted_until_ns;
  self.process->accounting.cpu_time.system_ns += now - cpu.accounted_until_ns;
  cpu.accounted_until_ns = now;
}

std::uint64_t context_switch_count() {
  return here().switches;
}
std::uint64_t interrupt_count() {
  return here().interrupts;
}
std::uint64_t idle_time_ns() {
  return here().idle_ns;
}

unsigned runnable_count() {
  return here().run_queue.size() + 1;
}

}  // namespace kernel::task
