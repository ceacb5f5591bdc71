#include "syscall/process_attribute_calls.h"

#include <algorithm>

#include "lib/string.h"
#include "syscall/capability_calls.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

using task::Process;
using task::Task;

namespace {

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
  kSetMemoryMap = 35,
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
      return process.policy.dumpable;
    case kSetDumpable:
      if (argument2 > 1) return Errno::kInval;
      process.policy.dumpable = argument2 != 0;
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
      process.family.adopt_orphans(argument2 != 0);
      return 0;
    case kGetChildSubreaper:
      return write_int(argument2, process.family.adopts_orphans());
    case kGetTiming:
      return 0;  // PR_TIMING_STATISTICAL
    case kSetTiming:
      return argument2 == 0 ? SyscallResult(0) : SyscallResult(Errno::kInval);
    case kSetNoNewPrivileges:
      if (argument2 != 1 || argument3 || argument4 || argument5) return Errno::kInval;
      self.no_new_privileges = true;
      return 0;
    case kGetNoNewPrivileges:
      if (argument2 || argument3 || argument4 || argument5) return Errno::kInval;
      return self.no_new_privileges;
    case kGetTidAddress:
      TRY(mm::UserPtr<std::uint64_t>(argument2).write(self.clear_child_tid));
      return 0;
    case kSetMemoryMap:  // for who restores processes from a checkpoint; none of it is there
      return self.credentials.can(task::Capability::kSysResource) ? Errno::kInval : Errno::kPerm;
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
