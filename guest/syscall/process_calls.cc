#include "syscall/process_calls.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "arch/x86_64/privileged.h"
#include "fs/file_table.h"
#include "fs/fs.h"
#include "fs/process_descriptor.h"
#include "syscall/file_arguments.h"
#include "task/clone.h"
#include "task/exec.h"
#include "task/exit.h"
#include "task/process.h"
#include "task/unshare.h"
#include "task/wait.h"

namespace kernel::syscall {
namespace {

using namespace task;

constexpr std::size_t kMaxPath = 4096;

// <linux/sched.h>, struct clone_args, as of its first version plus what later versions appended.
struct UserCloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
constexpr std::size_t kFirstCloneArguments = 64;

// What clone3(2) refuses that clone(2) does not look at.
Result<void> check(const UserCloneArguments& user, std::size_t size) {
  constexpr std::uint64_t kIntoCgroup = 0x2'0000'0000, kNewTime = 0x80;
  constexpr std::uint64_t kLegacy = 0xffff'ff00 | kNewTime;
  constexpr std::uint64_t kMaxNestedIds = 32;       // MAX_PID_NS_LEVEL
  constexpr std::size_t kArgumentsWithCgroup = 88;  // CLONE_ARGS_SIZE_VER2
  if (user.flags & ~(kLegacy | kCloneClearSighand | kIntoCgroup)) return Errno::kInval;
  if (user.flags & kCloneDetached) return Errno::kInval;
  if (user.exit_signal > kSignalCount) return Errno::kInval;
  if ((user.flags & (kCloneThread | kCloneParent)) && user.exit_signal != 0) return Errno::kInval;
  if ((user.stack == 0) != (user.stack_size == 0)) return Errno::kInval;
  if (user.stack_size > husk::abi::kUserEnd || user.stack > husk::abi::kUserEnd - user.stack_size) return Errno::kInval;
  if ((user.set_tid == 0) != (user.set_tid_size == 0) || user.set_tid_size > kMaxNestedIds) return Errno::kInval;
  if ((user.flags & kIntoCgroup) && (user.cgroup > 0x7fff'ffff || size < kArgumentsWithCgroup)) return Errno::kInval;
  // There are no control groups, no time namespaces, and no ids of one's choice.
  if (user.flags & kIntoCgroup) return Errno::kBadF;
  if ((user.flags & kNewTime) || user.set_tid_size != 0) return Errno::kPerm;
  return {};
}

Result<void> write_usage(mm::UserPtr<Rusage> address, const WaitEvent& event) {
  if (!address) return {};
  return address.write(to_rusage(event.cpu_time, event.peak_pages));
}

SyscallResult result_of(Result<int> id) {
  if (!id) return id.error();
  return static_cast<std::uint64_t>(id.value());
}

SyscallResult run(Program program, mm::UserPtr<std::uint64_t> arguments, mm::UserPtr<std::uint64_t> environment) {
  program.arguments = TRY(StringBlock::from_user(arguments.address()));
  program.environment = TRY(StringBlock::from_user(environment.address()));
  TRY(execute(std::move(program)));
  return 0;
}

// What waitid(2) waits for.
Result<WaitEvent> wait_for_id(int type, int id, unsigned options) {
  constexpr int kAll = 0, kPid = 1, kGroup = 2, kPidfd = 3;
  if (options & ~(kWaitNoHang | kWaitStopped | kWaitExited | kWaitContinued | kWaitNoWait | kWaitNoThread | kWaitAll |
                  kWaitClone)) {
    return Errno::kInval;
  }
  if (!(options & (kWaitStopped | kWaitExited | kWaitContinued))) return Errno::kInval;
  switch (type) {
    case kAll:
      return wait_for_child(-1, options);
    case kPid:
      if (id <= 0) return Errno::kInval;
      return wait_for_child(id, options);
    case kGroup:
      if (id < 0) return Errno::kInval;
      return wait_for_child(-id, options);
    case kPidfd:
      break;
    default:
      return Errno::kInval;
  }
  if (id < 0) return Errno::kInval;
  const Ref<fs::File> file = TRY(file_argument(id));
  const Ref<PidHandle> handle = TRY(fs::handle_of(*file));
  const bool non_blocking = file->non_blocking();
  const WaitEvent event = TRY(wait_for_child(*handle, non_blocking ? options | kWaitNoHang : options));
  if (event.pid == 0 && non_blocking && !(options & kWaitNoHang)) return Errno::kAgain;
  return event;
}

SignalInfo child_info(const WaitEvent& event) {
  constexpr int kExited = 1, kKilled = 2, kDumped = 3, kTrapped = 4, kStopped = 5, kContinued = 6;  // CLD_*
  SignalInfo info;
  info.signal = kSigChld;
  info.child.pid = event.pid;
  info.child.uid = event.uid;
  if (event.status == 0xffff) {
    info.code = kContinued, info.child.status = kSigCont;
  } else if ((event.status & 0xff) == 0x7f) {
    info.code = event.trapped ? kTrapped : kStopped, info.child.status = event.status >> 8;
  } else if ((event.status & 0x7f) == 0) {
    info.code = kExited, info.child.status = event.status >> 8 & 0xff;
  } else {
    info.code = event.status & 0x80 ? kDumped : kKilled, info.child.status = event.status & 0x7f;
  }
  return info;
}

}  // namespace

SyscallResult sys_fork() {
  return result_of(clone({.exit_signal = kSigChld}));
}

SyscallResult sys_vfork() {
  return result_of(clone({.flags = kCloneVm | kCloneVfork, .exit_signal = kSigChld}));
}

SyscallResult sys_clone(std::uint64_t flags, std::uint64_t stack, mm::UserPtr<int> parent_tid,
                        mm::UserPtr<int> child_tid, std::uint64_t tls) {
  return result_of(clone({.flags = flags & 0xffff'ff00,
                          .exit_signal = static_cast<int>(flags & 0xff),
                          .stack = stack,
                          .tls = tls,
                          .parent_tid = parent_tid.address(),
                          .child_tid = child_tid.address(),
                          .pidfd = parent_tid.address()}));
}

SyscallResult sys_clone3(mm::UserBuffer arguments, std::size_t size) {
  if (size < kFirstCloneArguments) return Errno::kInval;
  if (size > mm::kPageSize) return Errno::k2Big;
  UserCloneArguments user{};
  TRY(mm::copy_from_user(&user, arguments.address(), std::min(size, sizeof user)));
  for (std::size_t i = sizeof user; i < size; ++i) {
    if (TRY((arguments + i).read()) != std::byte{0}) return Errno::k2Big;
  }
  TRY(check(user, size));
  return result_of(clone({.flags = user.flags,
                          .exit_signal = static_cast<int>(user.exit_signal),
                          .stack = user.stack ? user.stack + user.stack_size : 0,
                          .tls = user.tls,
                          .parent_tid = user.parent_tid,
                          .child_tid = user.child_tid,
                          .pidfd = user.pidfd}));
}

SyscallResult sys_execve(mm::UserString path, mm::UserPtr<std::uint64_t> arguments,
                         mm::UserPtr<std::uint64_t> environment) {
  Program program;
  program.path = TRY(mm::copy_string_from_user(path.address(), kMaxPath));
  program.file = TRY(fs::open_executable(program.path));
  return run(std::move(program), arguments, environment);
}

namespace {

// execveat(2) by a descriptor: what a program is told to be its name (alloc_bprm() of Linux).
Result<void> name_by_descriptor(Program& program, int directory) {
  std::array<char, 16> digits;
  std::size_t first = digits.size();
  for (auto rest = static_cast<unsigned>(directory); first == digits.size() || rest != 0; rest /= 10)
    digits[--first] = static_cast<char>('0' + rest % 10);
  String path = TRY(String::from("/dev/fd/"));
  TRY(path.append(std::string_view(digits.data() + first, digits.size() - first)));
  program.nameless = program.path.view().empty();
  if (!program.nameless) {
    TRY(path.append("/"));
    TRY(path.append(program.path));
  }
  program.path = std::move(path);
  program.path_closes = current().files->close_on_exec(directory).value_or(false);
  return {};
}

}  // namespace

SyscallResult sys_execveat(int directory, mm::UserString path, mm::UserPtr<std::uint64_t> arguments,
                           mm::UserPtr<std::uint64_t> environment, unsigned flags) {
  Program program;
  program.path = TRY(mm::copy_string_from_user(path.address(), kMaxPath));
  program.file = TRY(fs::open_executable_at(directory, program.path, flags));
  if (directory != fs::kAtFdCwd && !program.path.view().starts_with('/')) TRY(name_by_descriptor(program, directory));
  return run(std::move(program), arguments, environment);
}

SyscallResult sys_exit(int status) {
  exit_thread(exit_code_status(status));
}

SyscallResult sys_exit_group(int status) {
  exit_process(exit_code_status(status));
}

SyscallResult sys_wait4(int which, mm::UserPtr<int> status, unsigned options, mm::UserPtr<Rusage> usage) {
  if (options & ~(kWaitNoHang | kWaitStopped | kWaitContinued | kWaitNoThread | kWaitAll | kWaitClone))
    return Errno::kInval;
  if (which == -2147483647 - 1) return Errno::kSrch;
  const WaitEvent event = TRY(wait_for_child(which, options | kWaitExited));
  if (event.pid != 0) {
    if (status) TRY(status.write(event.status));
    TRY(write_usage(usage, event));
  }
  return static_cast<std::uint64_t>(event.pid);
}

SyscallResult sys_waitid(int type, int id, mm::UserBuffer info, unsigned options, mm::UserPtr<Rusage> usage) {
  auto waited = wait_for_id(type, id, options);
  SignalInfo result;
  if (waited && waited.value().pid != 0) {
    result = child_info(waited.value());
    TRY(write_usage(usage, waited.value()));
  }
  // Cleared also where there is an error, and no further than to the status.
  constexpr std::size_t kWritten = offsetof(SignalInfo, child) + offsetof(decltype(SignalInfo::child), padding);
  if (info) TRY(mm::copy_to_user(info.address(), &result, kWritten));
  if (!waited) return waited.error();
  return 0;
}

SyscallResult sys_set_tid_address(mm::UserPtr<int> address) {
  current().clear_child_tid = address.address();
  return static_cast<std::uint64_t>(current().tid);
}

SyscallResult sys_unshare(std::uint64_t flags) {
  TRY(unshare(flags));
  return 0;
}

SyscallResult sys_arch_prctl(int operation, std::uint64_t address) {
  enum : int { kSetGs = 0x1001, kSetFs = 0x1002, kGetFs = 0x1003, kGetGs = 0x1004 };
  switch (operation) {
    case kSetFs:
      arch::write_fs_base(TRY(arch::SegmentBase::chosen(address)));
      return 0;
    case kSetGs:
      arch::write_gs_base(TRY(arch::SegmentBase::chosen(address)));
      return 0;
    case kGetFs:
      TRY(mm::UserPtr<std::uint64_t>(address).write(arch::read_fs_base().value()));
      return 0;
    case kGetGs:
      TRY(mm::UserPtr<std::uint64_t>(address).write(arch::read_gs_base().value()));
      return 0;
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
