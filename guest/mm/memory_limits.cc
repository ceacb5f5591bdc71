#include "mm/memory_limits.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::mm {

MemoryLimits memory_limits_of_caller() {
  const task::Task& self = task::current();
  const task::Rlimit* limits = self.process->limits;
  return {.total = limits[task::kRlimitAs].current,
          .data = limits[task::kRlimitData].current,
          .stack = limits[task::kRlimitStack].current,
          .locked = self.credentials.can(task::Capability::kIpcLock) ? ~std::uint64_t{0}
                                                                     : limits[task::kRlimitMemlock].current};
}

}  // namespace kernel::mm
