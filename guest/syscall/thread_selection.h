// Which threads getpriority(2) and ioprio_get(2) are about.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

// Calls `visit` for the threads of the processes that `selects` chooses; kSrch if there are none.
template <typename Selects, typename Visit>
Result<void> for_each_thread_of(Selects selects, Visit visit) {
  bool found = false;
  task::for_each_process([&](task::Process& process) {
    if (!selects(process)) return true;
    found = true;
    for (task::Task& thread : process.threads) visit(thread);
    return true;
  });
  if (!found) return Errno::kSrch;
  return {};
}

template <typename Visit>
Result<void> for_each_thread_of_user(std::uint32_t uid, Visit visit) {
  return for_each_thread_of([&](task::Process& process) { return process.real_uid() == uid; }, visit);
}

// What getpriority(2) selects by.
enum : int { kPriorityOfProcess = 0, kPriorityOfGroup = 1, kPriorityOfUser = 2 };

// Calls `visit` for the threads that getpriority(2)'s arguments select; kSrch if there are none. One process's number
// selects one thread, as on Linux; a process that has ended is found, and has none.
template <typename Visit>
Result<void> for_each_selected(int which, int who, Visit visit) {
  const task::Task& self = task::current();
  switch (which) {
    case kPriorityOfProcess: {
      task::Task* thread = who == 0 ? &task::current() : task::find_task(who);
      if (!thread && !task::find_process(who)) return Errno::kSrch;
      if (thread) visit(*thread);
      return {};
    }
    case kPriorityOfGroup: {
      const int group = who ? who : self.process->ids.group;
      return for_each_thread_of([&](task::Process& process) { return process.ids.group == group; }, visit);
    }
    case kPriorityOfUser:
      return for_each_thread_of_user(who ? static_cast<std::uint32_t>(who) : self.credentials.uid, visit);
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
