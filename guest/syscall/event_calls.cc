#include "syscall/event_calls.h"

#include "fs/event_counter.h"
#include "fs/file_table.h"
#include "task/task.h"

namespace kernel::syscall {

SyscallResult sys_eventfd(std::uint32_t value) {
  return sys_eventfd2(value, 0);
}

SyscallResult sys_eventfd2(std::uint32_t value, std::uint32_t flags) {
  constexpr std::uint32_t kSemaphore = 1;
  if (flags & ~(kSemaphore | fs::kNonBlock | fs::kCloseOnExec)) return Errno::kInval;
  Ref<fs::File> file = TRY(fs::make_event_counter(value, flags & kSemaphore, flags & fs::kNonBlock));
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), flags & fs::kCloseOnExec)));
}

}  // namespace kernel::syscall
