// What the scheduler knows of one CPU: who waits for it, until when the current task has it, and what it has been used
// for. arch::PerCpu points to it, so that arch need not know what a task is.
#pragma once

#include <cstdint>

#include "arch/x86_64/per_cpu.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "task/task.h"
#include "task/timer_queue.h"

namespace kernel::task {

class CpuScheduler {
 public:
  static CpuScheduler& here() { return *arch::this_cpu().scheduler; }

  List<Task, &Task::run_node> run_queue;  // the current task is not on it
  TimerQueue timers;
  Ref<Task> ended;                              // left the CPU for good; freed by the next task
  std::uint64_t armed_ns = TimerQueue::kNever;  // when the LAPIC timer will fire
  std::uint64_t slice_end_ns = 0;
  std::uint64_t accounted_until_ns = 0;
  std::uint64_t switches = 0;
  std::uint64_t interrupts = 0;
  std::uint64_t idle_ns = 0;
};

}  // namespace kernel::task
