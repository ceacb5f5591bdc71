#include "mm/memory_limits.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::mm {

MemoryLimits memory_limits_of_caller() {
  const task::Task& self = task::current();
  const task::ResourceLimits& limits = self.process->limits;
  return {.total = limits.current(task::Resource::kAddressSpace),
          .data = limits.current(task::Resource::kData),
          .stack = limits.current(task::Resource::kStack),
          .locked = self.credentials.can(task::Capability::kIpcLock) ? task::kUnlimited
                                                                     : limits.current(task::Resource::kLockedMemory)};
}

}  // namespace kernel::mm
