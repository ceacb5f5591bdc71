// What the scheduler knows of one CPU: who waits for it, until when the current task has it, and what it has been used
// for. arch::PerCpu points to it, so that arch need not know what a task is.
#pragma once

#include <cstdint>

#include "arch/x86_64/per_cpu.h"
#include "lib/ref.h"
#include "task/run_queue.h"
#include "task/task.h"
#include "task/timer_queue.h"

namespace kernel::task {

class CpuScheduler {
 public:
  static CpuScheduler& here() { return *arch::this_cpu().scheduler; }

  RunQueue run_queue;  // the current task is not on it, unless it is about to leave the CPU
  TimerQueue timers;
  Ref<Task> ended;                              // left the CPU for good; freed by the next task
  std::uint64_t armed_ns = TimerQueue::kNever;  // when the LAPIC timer will fire
  std::uint64_t slice_start_ns = 0, slice_end_ns = 0;
  std::uint64_t charged_ns = 0;  // of the current task's CPU time, to its place on the run queue
  std::uint64_t accounted_until_ns = 0;
  std::uint64_t switches = 0;
  std::uint64_t interrupts = 0;
  std::uint64_t idle_ns = 0;
};

}  // namespace kernel::task
