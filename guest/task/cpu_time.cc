#include "task/cpu_time.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::task {

CpuTime task_cpu_time(const Task& task) {
  return task.cpu_time;
}

CpuTime process_cpu_time(Process& process) {
  return process.accounting.cpu_time;
}

}  // namespace kernel::task
