#include "syscall/io_priority_calls.h"

#include <algorithm>
#include <optional>

#include "syscall/thread_selection.h"

namespace kernel::syscall {

namespace {

// <linux/ioprio.h>. Bits 3 to 12 are hints about a command's duration.
enum IoClass : std::uint32_t { kNone = 0, kRealTime = 1, kBestEffort = 2, kIdle = 3 };
constexpr unsigned kClassShift = 13;
constexpr std::uint32_t kClassMask = 7, kLevelMask = 7;
constexpr int kOneProcess = 1, kUser = 3;  // IOPRIO_WHO_PROCESS to IOPRIO_WHO_USER, in getpriority(2)'s order

// ioprio_check_cap() of Linux.
Result<void> check_priority(std::uint32_t priority) {
  const task::Credentials& mine = task::current().credentials;
  switch (priority >> kClassShift & kClassMask) {
    case kRealTime:
      if (!mine.can(task::Capability::kSysAdmin) && !mine.can(task::Capability::kSysNice)) return Errno::kPerm;
      return {};
    case kBestEffort:
    case kIdle:
      return {};
    case kNone:
      if ((priority & kLevelMask) != 0) return Errno::kInval;
      return {};
    default:
      return Errno::kInval;
  }
}

// What follows from the nice value where nothing was set (task_nice_ioclass(), task_nice_ioprio()).
std::uint32_t effective_priority(const task::Task& thread) {
  if (thread.io_priority >> kClassShift != kNone) return thread.io_priority;
  const task::SchedulingParameters& scheduling = thread.scheduling.parameters();
  const IoClass io_class = scheduling.policy == task::Policy::kIdle ? kIdle
                           : is_realtime(scheduling.policy)         ? kRealTime
                                                                    : kBestEffort;
  return io_class << kClassShift | static_cast<std::uint32_t>(scheduling.nice + 20) / 5;
}

// As getpriority(2) selects them, but user 0 is root (the code of Linux), not the caller's (its manual).
template <typename Visit>
Result<void> for_each_named(int which, int who, Visit visit) {
  if (which < kOneProcess || which > kUser) return Errno::kInval;
  if (which == kUser) return for_each_thread_of_user(static_cast<std::uint32_t>(who), visit);
  return for_each_selected(which - kOneProcess, who, visit);
}

// set_task_ioprio() of Linux: unlike setpriority(2) it looks at the real user of the other.
bool may_change(const task::Task& thread) {
  const task::Credentials& mine = task::current().credentials;
  const std::uint32_t uid = thread.credentials.uid;
  return uid == mine.euid || uid == mine.uid || mine.can(task::Capability::kSysNice);
}

}  // namespace

SyscallResult sys_ioprio_set(int which, int who, int priority) {
  const auto wanted = static_cast<std::uint16_t>(priority);
  TRY(check_priority(wanted));
  std::optional<Errno> first_error;
  bool found = false;
  TRY(for_each_named(which, who, [&](task::Task& thread) {
    found = true;
    if (first_error) return;
    if (may_change(thread)) {
      thread.io_priority = wanted;
    } else {
      first_error = Errno::kPerm;
    }
  }));
  if (first_error) return *first_error;
  if (!found) return Errno::kSrch;
  return 0;
}

SyscallResult sys_ioprio_get(int which, int who) {
  std::optional<std::uint32_t> best;
  TRY(for_each_named(which, who, [&](const task::Task& thread) {
    // Of one thread Linux says what was set; of several, what counts most.
    const std::uint32_t priority = which == kOneProcess ? thread.io_priority : effective_priority(thread);
    best = std::min(priority, best.value_or(priority));
  }));
  if (!best) return Errno::kSrch;
  return *best;
}

}  // namespace kernel::syscall
