#include "syscall/scheduling_calls.h"

#include <algorithm>
#include <array>
#include <optional>

#include "lib/string.h"
#include "mm/address.h"
#include "mm/user_ptr.h"
#include "syscall/thread_selection.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::syscall {

using task::Policy;
using task::Process;
using task::SchedulingParameters;
using task::Task;

namespace {

constexpr int kPolicyDeadline = 6;               // SCHED_DEADLINE
constexpr int kPolicyResetOnFork = 0x4000'0000;  // SCHED_RESET_ON_FORK

// Linux's struct sched_attr as of its second version; the first ends before the two clamps.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
  std::uint32_t clamp_minimum, clamp_maximum;
};
constexpr std::uint32_t kFirstAttributesSize = 48;
static_assert(sizeof(SchedulingAttributes) == 56);
constexpr std::uint64_t kAttributeResetOnFork = 1, kAttributeKeepPolicy = 8, kAttributeKeepParameters = 0x10;
// What only SCHED_DEADLINE heeds, and clamps of a frequency that nothing here sets.
constexpr std::uint64_t kAttributesWithoutEffect = 2 | 4 | 0x60;

// SCHED_DEADLINE: a processor time in each period that could be had at all (Linux's __checkparam_dl()), in nanoseconds.
bool is_deadline(const SchedulingAttributes& wanted) {
  constexpr std::uint64_t kLeastRuntime = 1024, kLeastPeriod = 100'000,
                          kLongestPeriod = (std::uint64_t{1} << 22) * 1000;
  const std::uint64_t period = wanted.period ? wanted.period : wanted.deadline;
  return wanted.deadline != 0 && wanted.runtime >= kLeastRuntime && wanted.runtime <= wanted.deadline &&
         wanted.deadline <= period && period >= kLeastPeriod && period <= kLongestPeriod;
}

Result<Task*> thread_or_self(int tid) {
  if (tid < 0) return Errno::kInval;
  Task* thread = tid == 0 ? &task::current() : task::find_task(tid);
  if (!thread) return Errno::kSrch;
  return thread;
}

// sched_setaffinity(2) takes a negative id for one that nobody has.
Result<Task*> affine_thread(int tid) {
  if (tid < 0) return Errno::kSrch;
  return thread_or_self(tid);
}

bool is_policy(int policy) {
  return policy >= 0 && policy <= kPolicyDeadline && policy != 4;
}

bool may_set_all() {
  return task::current().credentials.can(task::Capability::kSysNice);
}

bool is_own(const Task& thread) {
  const task::Credentials& mine = task::current().credentials;
  return mine.euid == thread.credentials.euid || mine.euid == thread.credentials.uid;
}

// can_nice() of Linux: RLIMIT_NICE counts from the other end.
bool may_have_nice(const Task& thread, int nice) {
  return static_cast<std::uint64_t>(20 - nice) <= thread.process->limits.current(task::Resource::kNice) ||
         may_set_all();
}

// Without CAP_SYS_NICE: sched(7), "Privileges and resource limits"; user_check_sched_setscheduler() of Linux.
Result<void> check_rights(const Task& thread, const SchedulingParameters& wanted) {
  if (may_set_all()) return {};
  const SchedulingParameters& now = thread.scheduling.parameters();
  if (!is_realtime(wanted.policy)) {
    if (wanted.nice < now.nice && !may_have_nice(thread, wanted.nice)) return Errno::kPerm;
  } else {
    const std::uint64_t limit = thread.process->limits.current(task::Resource::kRealTimePriority);
    if (wanted.policy != now.policy && limit == 0) return Errno::kPerm;
    if (wanted.priority > now.priority && wanted.priority > limit) return Errno::kPerm;
  }
  if (now.policy == Policy::kIdle && wanted.policy != Policy::kIdle && !may_have_nice(thread, now.nice))
    return Errno::kPerm;
  if (!is_own(thread)) return Errno::kPerm;
  if (now.reset_on_fork && !wanted.reset_on_fork) return Errno::kPerm;
  return {};
}

struct Wanted {
  int policy;
  std::int64_t priority;
  std::optional<int> nice;  // as it is, unless told
  bool reset_on_fork;
  bool only_check = false;  // nothing but reset_on_fork changes (SCHED_FLAG_KEEP_PARAMS, as Linux has it)
};

SyscallResult set_scheduling(Task& thread, const Wanted& wanted) {
  if (!is_policy(wanted.policy)) return Errno::kInval;
  if (wanted.priority < 0 || wanted.priority > task::kHighestPriority) return Errno::kInval;
  if (wanted.policy == kPolicyDeadline) return Errno::kPerm;  // there is none
  SchedulingParameters parameters = thread.scheduling.parameters();
  parameters.policy = static_cast<Policy>(wanted.policy);
  if (is_realtime(parameters.policy) != (wanted.priority != 0)) return Errno::kInval;
  parameters.priority = static_cast<std::uint8_t>(wanted.priority);
  if (wanted.nice && !is_realtime(parameters.policy)) {
    parameters.nice = static_cast<std::int8_t>(std::clamp(*wanted.nice, task::kLowestNice, task::kHighestNice));
  }
  parameters.reset_on_fork = wanted.reset_on_fork;
  TRY(check_rights(thread, parameters));
  if (wanted.only_check) {
    parameters = thread.scheduling.parameters();
    parameters.reset_on_fork = wanted.reset_on_fork;
  }
  task::set_scheduling(thread, parameters);
  return 0;
}

}  // namespace

SyscallResult sys_sched_yield() {
  task::yield();
  return 0;
}

SyscallResult sys_getpriority(int which, int who) {
  constexpr int kNobody = 20;
  int lowest = kNobody;
  TRY(for_each_selected(
      which, who, [&](const Task& thread) { lowest = std::min<int>(lowest, thread.scheduling.parameters().nice); }));
  if (lowest == kNobody) lowest = 0;  // one that has ended
  // 40 down to 1, so that it is no error number (getpriority(2), "C library/kernel differences").
  return static_cast<std::uint64_t>(20 - lowest);
}

SyscallResult sys_setpriority(int which, int who, int nice) {
  nice = std::clamp(nice, task::kLowestNice, task::kHighestNice);
  Errno error = Errno::kNone;
  // Who has ended has no thread any more whose priority it could be, but is somebody's still.
  if (Process* ended = which == kPriorityOfProcess && !task::find_task(who) ? task::find_process(who) : nullptr) {
    const std::uint32_t mine = task::current().credentials.euid;
    return ended->real_uid() == mine || may_set_all() ? SyscallResult(0) : SyscallResult(Errno::kPerm);
  }
  TRY(for_each_selected(which, who, [&](Task& thread) {
    SchedulingParameters parameters = thread.scheduling.parameters();
    if (!may_set_all() && !is_own(thread)) {
      error = Errno::kPerm;
    } else if (nice < parameters.nice && !may_have_nice(thread, nice)) {
      error = Errno::kAcces;
    } else {
      parameters.nice = static_cast<std::int8_t>(nice);
      task::set_scheduling(thread, parameters);
    }
  }));
  if (error != Errno::kNone) return error;
  return 0;
}

SyscallResult sys_sched_setparam(int tid, mm::UserPtr<const SchedulingParameter> parameter) {
  if (!parameter || tid < 0) return Errno::kInval;
  const SchedulingParameter wanted = TRY(parameter.read());
  Task* thread = TRY(thread_or_self(tid));
  const SchedulingParameters& now = thread->scheduling.parameters();
  return set_scheduling(*thread, {static_cast<int>(now.policy), wanted.priority, std::nullopt, now.reset_on_fork});
}

SyscallResult sys_sched_getparam(int tid, mm::UserPtr<SchedulingParameter> parameter) {
  if (!parameter) return Errno::kInval;
  const Task* thread = TRY(thread_or_self(tid));
  TRY(parameter.write({thread->scheduling.parameters().priority}));
  return 0;
}

SyscallResult sys_sched_setscheduler(int tid, int policy, mm::UserPtr<const SchedulingParameter> parameter) {
  if (policy < 0 || !parameter || tid < 0) return Errno::kInval;
  const SchedulingParameter wanted = TRY(parameter.read());
  Task* thread = TRY(thread_or_self(tid));
  if ((policy & ~kPolicyResetOnFork) == kPolicyDeadline) return Errno::kInval;  // it needs more than a priority
  return set_scheduling(
      *thread, {policy & ~kPolicyResetOnFork, wanted.priority, std::nullopt, (policy & kPolicyResetOnFork) != 0});
}

SyscallResult sys_sched_getscheduler(int tid) {
  const SchedulingParameters& now = TRY(thread_or_self(tid))->scheduling.parameters();
  return static_cast<std::uint64_t>(now.policy) | (now.reset_on_fork ? kPolicyResetOnFork : 0);
}

SyscallResult sys_sched_get_priority_max(int policy) {
  if (!is_policy(policy)) return Errno::kInval;
  return policy != kPolicyDeadline && is_realtime(static_cast<Policy>(policy)) ? task::kHighestPriority : 0;
}

SyscallResult sys_sched_get_priority_min(int policy) {
  if (!is_policy(policy)) return Errno::kInval;
  return policy != kPolicyDeadline && is_realtime(static_cast<Policy>(policy)) ? 1 : 0;
}

SyscallResult sys_sched_rr_get_interval(int tid, mm::UserPtr<Timespec> interval) {
  const Policy policy = TRY(thread_or_self(tid))->scheduling.parameters().policy;
  TRY(interval.write(to_timespec(policy == Policy::kFifo         ? 0
                                 : policy == Policy::kRoundRobin ? task::RunQueue::kRoundRobinSliceNs
                                                                 : task::RunQueue::kLongestSliceNs)));
  return 0;
}

SyscallResult sys_sched_setaffinity(int tid, std::size_t size, mm::UserPtr<const std::byte> mask) {
  std::byte first{};
  if (size != 0) first = TRY(mask.read());
  const Task* thread = TRY(affine_thread(tid));
  if (!is_own(*thread) && !may_set_all()) return Errno::kPerm;
  // There is one CPU; a mask without it leaves none.
  if ((first & std::byte{1}) == std::byte{0}) return Errno::kInval;
  return 0;
}

SyscallResult sys_sched_getaffinity(int tid, std::size_t size, mm::UserPtr<std::uint64_t> mask) {
  if (size < sizeof(std::uint64_t) || size % sizeof(std::uint64_t) != 0) return Errno::kInval;
  TRY(affine_thread(tid));
  TRY(mask.write(1));
  return sizeof(std::uint64_t);
}

SyscallResult sys_getcpu(mm::UserPtr<std::uint32_t> cpu, mm::UserPtr<std::uint32_t> node) {
  if (cpu) TRY(cpu.write(0));
  if (node) TRY(node.write(0));
  return 0;
}

// Versions of the structure differ in their length; what is longer than ours must be zero there, or we are told how long
// ours is (sched_copy_attr() of Linux).
SyscallResult sys_sched_setattr(int tid, std::uint64_t address, std::uint32_t flags) {
  if (!address || tid < 0 || flags != 0) return Errno::kInval;
  std::uint32_t size = TRY(mm::UserPtr<const std::uint32_t>(address).read());
  if (size == 0) size = kFirstAttributesSize;
  SchedulingAttributes wanted{};
  bool too_large = size < kFirstAttributesSize || size > mm::kPageSize;
  if (!too_large) {
    const std::size_t known = std::min<std::size_t>(size, sizeof wanted);
    std::array<std::byte, 64> beyond;
    for (std::size_t at = known; at < size && !too_large;) {
      const std::size_t part = std::min(size - at, beyond.size());
      TRY(mm::copy_from_user(beyond.data(), address + at, part));
      too_large = std::any_of(beyond.begin(), beyond.begin() + part, [](std::byte b) { return b != std::byte{0}; });
      at += part;
    }
    if (!too_large) TRY(mm::copy_from_user(&wanted, address, known));
  }
  if (too_large) {
    static_cast<void>(mm::UserPtr<std::uint32_t>(address).write(sizeof wanted).ok());
    return Errno::k2Big;
  }
  constexpr std::uint64_t kKnown =
      kAttributeResetOnFork | kAttributeKeepPolicy | kAttributeKeepParameters | kAttributesWithoutEffect;
  if (static_cast<std::int32_t>(wanted.policy) < 0) return Errno::kInval;
  Task* thread = TRY(thread_or_self(tid));
  const SchedulingParameters& now = thread->scheduling.parameters();
  if (wanted.flags & ~kKnown) return Errno::kInval;
  int policy = static_cast<int>(wanted.policy);
  bool reset_on_fork = wanted.flags & kAttributeResetOnFork;
  if (wanted.flags & kAttributeKeepPolicy) policy = static_cast<int>(now.policy), reset_on_fork = now.reset_on_fork;
  if (policy == kPolicyDeadline && !is_deadline(wanted)) return Errno::kInval;
  const bool only_check = wanted.flags & kAttributeKeepParameters;
  if (only_check) wanted.nice = now.nice, wanted.priority = now.priority;
  return set_scheduling(*thread, {policy, wanted.priority, wanted.nice, reset_on_fork, only_check});
}

SyscallResult sys_sched_getattr(int tid, std::uint64_t address, std::uint32_t size, std::uint32_t flags) {
  if (!address || tid < 0 || size > mm::kPageSize || size < kFirstAttributesSize || flags != 0) return Errno::kInval;
  const SchedulingParameters& now = TRY(thread_or_self(tid))->scheduling.parameters();
  SchedulingAttributes attributes{};
  attributes.size = std::min<std::uint32_t>(size, sizeof attributes);
  attributes.policy = static_cast<std::uint32_t>(now.policy);
  attributes.flags = now.reset_on_fork ? kAttributeResetOnFork : 0;
  attributes.clamp_maximum = 1024;
  if (is_realtime(now.policy))
    attributes.priority = now.priority;
  else
    attributes.nice = now.nice;
  TRY(mm::copy_to_user(address, &attributes, attributes.size));
  return 0;
}

}  // namespace kernel::syscall
