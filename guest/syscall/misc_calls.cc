#include "syscall/misc_calls.h"

#include <algorithm>

#include "lib/log.h"
#include "lib/string.h"
#include "lib/time.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "mm/io_buffer.h"
#include "task/random_output.h"
#include "task/task.h"
#include "task/timers.h"
#include "task/uts.h"

namespace kernel::syscall {

using task::Process;
using task::Task;

namespace {

void put_name(char (&field)[65], std::string_view name) {
  memcpy(field, name.data(), std::min(name.size(), task::kMaxNameLength));
}

using SetName = void (*)(std::string_view);

SyscallResult set_name(mm::UserString address, int length, SetName set) {
  if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
  if (length < 0 || static_cast<std::size_t>(length) > task::kMaxNameLength) return Errno::kInval;
  char name[task::kMaxNameLength];
  TRY(mm::copy_from_user(name, address.address(), static_cast<std::size_t>(length)));
  set({name, static_cast<std::size_t>(length)});
  return 0;
}

// prlimit(2): the caller's user and group ids must be all of the target's.
bool may_change_limits(Process& target) {
  const task::Credentials& mine = task::current().credentials;
  const Task* thread = target.threads.front();
  if (&target == task::current().process.get() || mine.can(task::Capability::kSysResource)) return true;
  if (!thread) return false;
  const task::Credentials& theirs = thread->credentials;
  return mine.uid == theirs.uid && mine.uid == theirs.euid && mine.uid == theirs.suid && mine.gid == theirs.gid &&
         mine.gid == theirs.egid && mine.gid == theirs.sgid;
}

Result<void> set_limit(Process& target, task::Resource resource, const task::Rlimit& wanted) {
  constexpr std::uint64_t kMaxOpenFiles = 1 << 20;  // Linux's fs.nr_open
  if (wanted.current > wanted.maximum) return Errno::kInval;
  const bool privileged = task::current().credentials.can(task::Capability::kSysResource);
  if (wanted.maximum > target.limits.maximum(resource) && !privileged) return Errno::kPerm;
  if (resource == task::Resource::kOpenFiles && wanted.maximum > kMaxOpenFiles) return Errno::kPerm;
  target.limits.set(resource, wanted);
  if (resource == task::Resource::kCpu) task::cpu_limit_changed(target);
  return {};
}

Result<task::Resource> resource_of(unsigned number) {
  const auto resource = task::resource_of(number);
  if (!resource) return Errno::kInval;
  return *resource;
}

}  // namespace

SyscallResult sys_uname(mm::UserPtr<UtsName> address) {
  UtsName name{};
  put_name(name.system, task::kSystemName);
  put_name(name.node, task::host_name());
  put_name(name.release, task::kKernelRelease);
  put_name(name.version, task::kKernelVersion);
  put_name(name.machine, task::kMachine);
  put_name(name.domain, task::domain_name());
  TRY(address.write(name));
  return 0;
}

SyscallResult sys_sethostname(mm::UserString name, int length) {
  return set_name(name, length, task::set_host_name);
}

SyscallResult sys_setdomainname(mm::UserString name, int length) {
  return set_name(name, length, task::set_domain_name);
}

SyscallResult sys_sysinfo(mm::UserPtr<SystemInformation> address) {
  const mm::MemoryStatistics memory = mm::memory_statistics();
  SystemInformation information{};
  information.uptime = to_timespec(monotonic_ns()).seconds;
  information.total_ram = memory.total_frames * mm::kPageSize;
  information.free_ram = memory.free_frames * mm::kPageSize;
  information.processes = static_cast<std::uint16_t>(task::task_statistics().processes);
  information.unit = 1;
  TRY(address.write(information));
  return 0;
}

// syslog(2): dmesg(1)'s calls. What the kernel logs belongs to whoever runs husk; the container's root may read it.
SyscallResult sys_syslog(int action, mm::UserBuffer buffer, int size) {
  enum { kOpen = 1, kClose = 0, kReadAll = 3, kSizeUnread = 9, kSizeBuffer = 10 };
  if (!task::current().credentials.can(task::Capability::kSyslog)) return Errno::kPerm;
  switch (action) {
    case kOpen:
    case kClose:
    case kSizeUnread:
      return 0;
    case kSizeBuffer:
      return log_text_size();
    case kReadAll: {
      if (size < 0) return Errno::kInval;
      const LogText text = log_text();
      // The last `size` bytes, from the start of a line on.
      const std::string_view parts[] = {text.older, text.newer};
      std::size_t skip = text.older.size() + text.newer.size();
      skip = skip > static_cast<std::size_t>(size) ? skip - static_cast<std::size_t>(size) : 0;
      std::uint64_t copied = 0;
      for (std::string_view part : parts) {
        const std::size_t skipped = std::min(skip, part.size());
        skip -= skipped;
        part.remove_prefix(skipped);
        TRY(mm::copy_to_user(buffer.address() + copied, part.data(), part.size()));
        copied += part.size();
      }
      return copied;
    }
    default:
      return Errno::kInval;
  }
}

SyscallResult sys_personality(std::uint32_t persona) {
  constexpr std::uint32_t kQuery = 0xffff'ffff;
  constexpr std::uint32_t kLinux = 0;  // PER_LINUX, without flags: the only one there is
  if (persona != kQuery && persona != kLinux) return Errno::kInval;
  return kLinux;
}

SyscallResult sys_prlimit64(int pid, unsigned number, mm::UserPtr<const task::Rlimit> limit,
                            mm::UserPtr<task::Rlimit> old_limit) {
  const task::Resource resource = TRY(resource_of(number));
  Task* thread = pid == 0 ? nullptr : task::find_task(pid);  // any of the process
  // Held: while the limit is read, other tasks may run, and it may end.
  const Ref<Process> target(pid == 0 ? task::current().process.get()
                            : thread ? thread->process.get()
                                     : task::find_process(pid));
  if (!target) return Errno::kSrch;
  if (!may_change_limits(*target)) return Errno::kPerm;
  const task::Rlimit old = target->limits.get(resource);
  if (limit) {
    const task::Rlimit wanted = TRY(limit.read());
    TRY(set_limit(*target, resource, wanted));
  }
  if (old_limit) TRY(old_limit.write(old));
  return 0;
}

SyscallResult sys_getrlimit(unsigned number, mm::UserPtr<task::Rlimit> limit) {
  const task::Resource resource = TRY(resource_of(number));
  TRY(limit.write(task::current().process->limits.get(resource)));
  return 0;
}

SyscallResult sys_setrlimit(unsigned number, mm::UserPtr<const task::Rlimit> limit) {
  const task::Resource resource = TRY(resource_of(number));
  const task::Rlimit wanted = TRY(limit.read());
  TRY(set_limit(*task::current().process, resource, wanted));
  return 0;
}

SyscallResult sys_getrandom(mm::UserBuffer buffer, std::size_t size, unsigned flags) {
  enum : unsigned { kNonblock = 1, kRandom = 2, kInsecure = 4 };
  if (flags & ~(kNonblock | kRandom | kInsecure)) return Errno::kInval;
  if ((flags & kRandom) && (flags & kInsecure)) return Errno::kInval;
  mm::IoBuffer output = mm::IoBuffer::user(buffer.address(), size);
  return mm::across_waits(output, [&](std::size_t) { return task::write_random(output); });
}

SyscallResult sys_membarrier(int command, unsigned flags, int) {
  constexpr unsigned kOneCpu = 1;  // MEMBARRIER_CMD_FLAG_CPU
  // On one CPU only one thread runs at a time, and a switch between threads orders memory and serialises: every barrier
  // holds already. Whether a process asked for one before is checked all the same (membarrier(2)).
  enum : int {
    kQuery = 0,
    kGlobal = 1,
    kGlobalExpedited = 2,
    kRegisterGlobalExpedited = 4,
    kPrivateExpedited = 8,
    kRegisterPrivateExpedited = 16,
    kPrivateExpeditedSyncCore = 32,
    kRegisterPrivateExpeditedSyncCore = 64,
    kPrivateExpeditedRseq = 128,
    kRegisterPrivateExpeditedRseq = 256,
    kGetRegistrations = 512,
  };
  if (flags != 0 && (command != kPrivateExpeditedRseq || flags != kOneCpu)) return Errno::kInval;
  std::uint32_t& registered = task::current().process->policy.membarrier_registrations;
  const auto use = [&](std::uint32_t registration) -> SyscallResult {
    if (!(registered & registration)) return Errno::kPerm;
    return 0;
  };
  switch (command) {
    case kQuery:
      return kGlobal | kGlobalExpedited | kRegisterGlobalExpedited | kPrivateExpedited | kRegisterPrivateExpedited |
             kPrivateExpeditedSyncCore | kRegisterPrivateExpeditedSyncCore | kPrivateExpeditedRseq |
             kRegisterPrivateExpeditedRseq | kGetRegistrations;
    case kGlobal:
    case kGlobalExpedited:
      return 0;
    case kRegisterGlobalExpedited:
    case kRegisterPrivateExpedited:
    case kRegisterPrivateExpeditedSyncCore:
    case kRegisterPrivateExpeditedRseq:
      registered |= static_cast<std::uint32_t>(command);
      return 0;
    case kPrivateExpedited:
      return use(kRegisterPrivateExpedited);
    case kPrivateExpeditedSyncCore:
      return use(kRegisterPrivateExpeditedSyncCore);
    case kPrivateExpeditedRseq:  // the others leave their sequences when they come back (task/restartable_sequence.h)
      return use(kRegisterPrivateExpeditedRseq);
    case kGetRegistrations:
      return registered;
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
