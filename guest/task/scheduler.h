// Which task runs: the first of the runnable ones, in an order that task/run_queue.h keeps. A task gives up the CPU by
// blocking, by exiting, or when its time slice has passed and it is about to return to user mode or comes to a
// preemption_point(); nowhere else inside the kernel. A slice ends early when somebody wakes up who should run now.
//
// There is no idle task: a task that blocks while nobody else can run waits for interrupts itself, on its own stack.
// And there is no tick: the timer is armed for the next thing that has to happen, so a lone task that computes is never
// interrupted.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "task/task.h"
#include "task/timer_queue.h"

namespace kernel::task {

inline constexpr std::uint64_t kTimeSliceNs = RunQueue::kLongestSliceNs;

// Before anything else of the scheduler's.
void initialise_scheduler();

// This CPU's timers: sleeping tasks, interval timers, POSIX timers.
TimerQueue& timer_queue();

// Puts a new or sleeping task on the run queue; no-op for one that is there already or runs.
void make_runnable(Task& task);
// Ends block() of a sleeping task: for a wake-up (Sleeper), or, of an interruptible sleep only, for a signal.
void wake_task(Task& task);
void interrupt_task(Task& task);

// Lets another runnable task run first (sched_yield(2)).
void yield();
// When the slice is over: lets whoever should run now have the CPU, which may be the caller again.
void give_way();
bool time_slice_is_over();

// sched_setscheduler(2), setpriority(2); and what a new task has of the current one.
void set_scheduling(Task& task, const SchedulingParameters& parameters);
void inherit_scheduling(Task& child);
// The real-time priority of who waits for a lock of this task's (task/lock_claim.h); 0: nobody with one does.
void set_inherited_priority(Task& task, std::uint8_t priority);

// For long operations in the kernel, which nothing else interrupts: acts on the interrupts that have arrived, and lets
// the others run if the time slice has passed. Called where the caller holds no reference, iterator or pointer that
// another task could take the ground from. Whether a signal waits for the caller: where it may end early, it does.
[[nodiscard]] bool preemption_point();

// The last thing that a task does: the others run on. What it holds is freed by whoever runs next.
[[noreturn]] void leave_cpu_for_good();
// Leaves the boot stack for good and runs the first task.
[[noreturn]] void start_scheduling(Ref<Task> first);
// What every task does first when it gets the CPU for the first time.
void finish_switch();

// Acts on interrupts: those noted while the kernel ran, and `vector` if it is one (0: none).
void process_interrupts(unsigned vector);
// On the way to user mode: sees to it that the timer fires for the next deadline or the end of the time slice.
void arm_timer();

// CPU time accounting, at each crossing between user mode and the kernel.
void account_entry();
void account_exit();

std::uint64_t context_switch_count();
std::uint64_t interrupt_count();
std::uint64_t idle_time_ns();
unsigned runnable_count();  // the current task included

}  // namespace kernel::task
