#include "task/cpu_time.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::task {

CpuTime task_cpu_time(const Task& task) {
  return {task.user_ns, task.system_ns};
}

CpuTime process_cpu_time(Process& process) {
  CpuTime sum{process.dead_threads_user_ns, process.dead_threads_system_ns};
  for (const Task& thread : process.threads) {
    const CpuTime time = task_cpu_time(thread);
    sum.user_ns += time.user_ns;
    sum.system_ns += time.system_ns;
  }
  return sum;
}

}  // namespace kernel::task
