#include "syscall/process_attribute_calls.h"

#include <algorithm>

#include "lib/string.h"
#include "syscall/capability_calls.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::syscall {

using task::Process;
using task::Task;

namespace {

Result<Task*> thread_or_self(int tid) {
  if (tid < 0) return Errno::kInval;
  Task* thread = tid == 0 ? &task::current() : task::find_task(tid);
  if (!thread) return Errno::kSrch;
  return thread;
}

// ---------------------------------------------------------------------------------------------------- scheduling
enum Policy : int { kOther = 0, kFifo = 1, kRoundRobin = 2, kBatch = 3, kIdle = 5, kDeadline = 6 };

bool is_fair_policy(int policy) {
  return policy == kOther || policy == kBatch || policy == kIdle;
}

// sched_setaffinity(2) takes a negative id for one that nobody has.
Result<Task*> affine_thread(int tid) {
  if (tid < 0) return Errno::kSrch;
  return thread_or_self(tid);
}

// sched_setaffinity(2), sched_setscheduler(2): one's own threads, or anybody's with CAP_SYS_NICE.
bool may_schedule(const Task& thread) {
  const task::Credentials& mine = task::current().credentials;
  return mine.euid == thread.credentials.euid || mine.euid == thread.credentials.uid ||
         mine.can(task::Capability::kSysNice);
}

// All tasks share the CPU in turns; there are no real-time priorities to give.
SyscallResult set_fair_policy(int tid, int priority) {
  const Task* thread = TRY(thread_or_self(tid));
  if (priority == 0 && !may_schedule(*thread)) return Errno::kPerm;
  return priority == 0 ? SyscallResult(0) : SyscallResult(Errno::kInval);
}

// Calls `visit` for the processes that getpriority(2)'s arguments select; kSrch if there are none.
template <typename Visit>
Result<void> for_each_selected(int which, int who, Visit visit) {
  enum { kProcess = 0, kGroup = 1, kUser = 2 };
  if (which < kProcess || which > kUser) return Errno::kInval;
  const Task& self = task::current();
  bool found = false;
  task::for_each_process([&](Process& process) {
    const bool selected = which == kProcess ? process.pid == (who ? who : self.process->pid)
                          : which == kGroup
                              ? process.group == (who ? who : self.process->group)
                              : process.real_uid() == (who ? static_cast<std::uint32_t>(who) : self.credentials.uid);
    if (selected) {
      found = true;
      visit(process);
    }
    return true;
  });
  if (!found) return Errno::kSrch;
  return {};
}

// ---------------------------------------------------------------------------------------------------- prctl
enum PrctlOption : int {
  kSetParentDeathSignal = 1,
  kGetParentDeathSignal = 2,
  kGetDumpable = 3,
  kSetDumpable = 4,
  kGetKeepCapabilities = 7,
  kSetKeepCapabilities = 8,
  kGetTiming = 13,
  kSetTiming = 14,
  kSetName = 15,
  kGetName = 16,
  kGetSeccomp = 21,
  kReadBoundingSet = 23,
  kDropFromBoundingSet = 24,
  kGetSecureBits = 27,
  kSetSecureBits = 28,
  kSetTimerSlack = 29,
  kGetTimerSlack = 30,
  kSetChildSubreaper = 36,
  kGetChildSubreaper = 37,
  kSetNoNewPrivileges = 38,
  kGetNoNewPrivileges = 39,
  kGetTidAddress = 40,
  kAmbientSet = 47,
};
SyscallResult set_name(Task& self, std::uint64_t address) {
  char name[sizeof self.name] = {};
  // A name may be shorter than the buffer and end where readable memory ends.
  const std::size_t readable = mm::copy_from_space_partial(*self.space, name, address, sizeof name - 1);
  const char* end = std::find(name, name + readable, '\0');
  if (readable < sizeof name - 1 && end == name + readable) return Errno::kFault;
  memset(self.name, 0, sizeof self.name);
  memcpy(self.name, name, static_cast<std::size_t>(end - name));
  return 0;
}

SyscallResult write_int(std::uint64_t address, std::int32_t value) {
  TRY(mm::UserPtr<std::int32_t>(address).write(value));
  return 0;
}

}  // namespace

SyscallResult sys_sched_yield() {
  task::yield();
  return 0;
}

SyscallResult sys_getpriority(int which, int who) {
  int lowest = 20;
  TRY(for_each_selected(which, who, [&](Process& process) { lowest = std::min(lowest, process.nice); }));
  // 40 down to 1, so that it is no error number (getpriority(2), "C library/kernel differences").
  return static_cast<std::uint64_t>(20 - lowest);
}

SyscallResult sys_setpriority(int which, int who, int nice) {
  const task::Credentials& mine = task::current().credentials;
  nice = std::clamp(nice, -20, 19);
  Errno error = Errno::kNone;
  // A hint that the round-robin scheduler does not take, but that programs read back.
  TRY(for_each_selected(which, who, [&](Process& process) {
    if (!mine.can(task::Capability::kSysNice) && process.real_uid() != mine.euid) {
      error = Errno::kPerm;
    } else if (!mine.can(task::Capability::kSysNice) &&
               nice<process.nice&& static_cast<std::uint64_t>(20 - nice)> process.limits[task::kRlimitNice].current) {
      error = Errno::kAcces;
    } else {
      process.nice = nice;
    }
  }));
  if (error != Errno::kNone) return error;
  return 0;
}

SyscallResult sys_sched_setparam(int pid, mm::UserPtr<const SchedulingParameter> parameter) {
  const SchedulingParameter wanted = TRY(parameter.read());
  return set_fair_policy(pid, wanted.priority);
}

SyscallResult sys_sched_getparam(int pid, mm::UserPtr<SchedulingParameter> parameter) {
  TRY(thread_or_self(pid));
  TRY(parameter.write({0}));
  return 0;
}

SyscallResult sys_sched_setscheduler(int pid, int policy, mm::UserPtr<const SchedulingParameter> parameter) {
  constexpr int kResetOnFork = 0x4000'0000;
  const SchedulingParameter wanted = TRY(parameter.read());
  policy &= ~kResetOnFork;
  if (policy == kFifo || policy == kRoundRobin || policy == kDeadline) return Errno::kPerm;
  if (!is_fair_policy(policy)) return Errno::kInval;
  return set_fair_policy(pid, wanted.priority);
}

SyscallResult sys_sched_getscheduler(int pid) {
  TRY(thread_or_self(pid));
  return kOther;
}

SyscallResult sys_sched_get_priority_max(int policy) {
  if (policy == kFifo || policy == kRoundRobin) return 99;
  return is_fair_policy(policy) || policy == kDeadline ? SyscallResult(0) : SyscallResult(Errno::kInval);
}

SyscallResult sys_sched_get_priority_min(int policy) {
  if (policy == kFifo || policy == kRoundRobin) return 1;
  return is_fair_policy(policy) || policy == kDeadline ? SyscallResult(0) : SyscallResult(Errno::kInval);
}

SyscallResult sys_sched_rr_get_interval(int pid, mm::UserPtr<Timespec> interval) {
  TRY(thread_or_self(pid));
  TRY(interval.write(to_timespec(task::kTimeSliceNs)));
  return 0;
}

SyscallResult sys_sched_setaffinity(int pid, std::size_t size, mm::UserPtr<const std::byte> mask) {
  std::byte first{};
  if (size != 0) first = TRY(mask.read());
  const Task* thread = TRY(affine_thread(pid));
  if (!may_schedule(*thread)) return Errno::kPerm;
  // There is one CPU; a mask without it leaves none.
  if ((first & std::byte{1}) == std::byte{0}) return Errno::kInval;
  return 0;
}

SyscallResult sys_sched_getaffinity(int pid, std::size_t size, mm::UserPtr<std::uint64_t> mask) {
  if (size < sizeof(std::uint64_t) || size % sizeof(std::uint64_t) != 0) return Errno::kInval;
  TRY(affine_thread(pid));
  TRY(mask.write(1));
  return sizeof(std::uint64_t);
}

SyscallResult sys_getcpu(mm::UserPtr<std::uint32_t> cpu, mm::UserPtr<std::uint32_t> node) {
  if (cpu) TRY(cpu.write(0));
  if (node) TRY(node.write(0));
  return 0;
}

SyscallResult sys_prctl(int option, std::uint64_t argument2, std::uint64_t argument3, std::uint64_t argument4,
                        std::uint64_t argument5) {
  Task& self = task::current();
  Process& process = *self.process;
  switch (option) {
    case kSetParentDeathSignal:
      if (argument2 > task::kSignalCount) return Errno::kInval;
      self.signals.parent_death_signal = static_cast<int>(argument2);
      return 0;
    case kGetParentDeathSignal:
      return write_int(argument2, self.signals.parent_death_signal);
    case kGetDumpable:
      return process.dumpable;
    case kSetDumpable:
      if (argument2 > 1) return Errno::kInval;
      process.dumpable = argument2 != 0;
      return 0;
    case kGetKeepCapabilities:
      return (self.credentials.capabilities.secure_bits & task::kSecureKeepCapabilities) != 0;
    case kSetKeepCapabilities:
      return set_keep_capabilities(argument2);
    case kSetName:
      return set_name(self, argument2);
    case kGetName:
      TRY(mm::copy_to_user(argument2, self.name, sizeof self.name));
      return 0;
    case kGetSeccomp:
      return 0;  // no filter: the VM is the confinement
    case kReadBoundingSet:
      return read_bounding_set(argument2);
    case kDropFromBoundingSet:
      return drop_from_bounding_set(argument2);
    case kGetSecureBits:
      return self.credentials.capabilities.secure_bits;
    case kSetSecureBits:
      return set_secure_bits(argument2);
    case kAmbientSet:
      return change_ambient_set(argument2, argument3, argument4, argument5);
    case kGetTimerSlack:
      return self.timer_slack_ns;
    case kSetTimerSlack:
      // A permission to be late, which the kernel makes no use of. Not positive: the default again.
      self.timer_slack_ns = static_cast<std::int64_t>(argument2) > 0 ? argument2 : Task::kDefaultTimerSlackNs;
      return 0;
    case kSetChildSubreaper:
      process.adopts_orphans = argument2 != 0;
      return 0;
    case kGetChildSubreaper:
      return write_int(argument2, process.adopts_orphans);
    case kGetTiming:
      return 0;  // PR_TIMING_STATISTICAL
    case kSetTiming:
      return argument2 == 0 ? SyscallResult(0) : SyscallResult(Errno::kInval);
    case kSetNoNewPrivileges:
      if (argument2 != 1 || argument3 || argument4 || argument5) return Errno::kInval;
      process.no_new_privileges = true;
      return 0;
    case kGetNoNewPrivileges:
      if (argument2 || argument3 || argument4 || argument5) return Errno::kInval;
      return process.no_new_privileges;
    case kGetTidAddress:
      TRY(mm::UserPtr<std::uint64_t>(argument2).write(self.clear_child_tid));
      return 0;
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
