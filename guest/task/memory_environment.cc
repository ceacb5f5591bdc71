// What mm asks of its users (mm/environment.h), answered for the running task.
#include "mm/environment.h"

#include "drivers/balloon.h"
#include "drivers/control.h"
#include "task/out_of_memory.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::mm {

AddressSpace& current_space() {
  return *task::current().space;
}

MemoryLimits memory_limits_of_caller() {
  using task::Resource;
  const task::Task& self = task::current();
  const task::ResourceLimits& limits = self.process->limits;
  const bool may_lock_all = self.credentials.can(task::Capability::kIpcLock);
  return {.total = limits.current(Resource::kAddressSpace),
          .data = limits.current(Resource::kData),
          .stack = limits.current(Resource::kStack),
          .locked = may_lock_all ? task::kUnlimited : limits.current(Resource::kLockedMemory)};
}

bool make_room_now() {
  return task::make_room_now();
}

void still_busy() {
  drivers::notice_host_signals();
}

void memory_can_be_given_back() {
  drivers::give_memory_back_later();
}

}  // namespace kernel::mm
