#include "syscall/futex_calls.h"

#include "syscall/clocks.h"
#include "syscall/file_arguments.h"
#include "syscall/time_values.h"
#include "task/futex.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

using task::FutexScope;

namespace {

// <linux/futex.h>
enum FutexOperation : int {
  kWait = 0,
  kWake = 1,
  kRequeue = 3,
  kCompareRequeue = 4,
  kWakeOp = 5,
  kLock = 6,
  kUnlock = 7,
  kTryLock = 8,
  kWaitBitset = 9,
  kWakeBitset = 10,
  kWaitRequeueLock = 11,
  kCompareRequeueLock = 12,
  kLock2 = 13,
};
constexpr int kPrivateFlag = 128, kRealtimeFlag = 256;
constexpr std::uint32_t kAllBits = ~std::uint32_t{0};

struct WaitRequest {
  std::uint64_t address;
  FutexScope scope;
  std::uint32_t expected;
  std::uint32_t bits;
};

SyscallResult wait(const WaitRequest& request, Deadline deadline);

SyscallResult resume_wait(const task::RestartBlock& restart) {
  const WaitRequest request{.address = restart.user_address,
                            .scope = static_cast<FutexScope>(restart.arguments[0] >> 32 & 1),
                            .expected = static_cast<std::uint32_t>(restart.arguments[0]),
                            .bits = static_cast<std::uint32_t>(restart.arguments[1])};
  return wait(request, restart.deadline);
}

SyscallResult wait(const WaitRequest& request, Deadline deadline) {
  const auto waited = task::futex_wait(request.address, request.scope, request.expected, request.bits, deadline);
  if (waited) return 0;
  // Without a timeout the call is made again as it was; with one it must end when it would have ended.
  if (waited.error() != Errno::kRestart || deadline.is_never()) return waited.error();
  task::current().signals.restart = {
      .resume = resume_wait,
      .deadline = deadline,
      .user_address = request.address,
      .arguments = {std::uint64_t{request.scope == FutexScope::kPrivate} << 32 | request.expected, request.bits}};
  return Errno::kRestartBlock;
}

// FUTEX_WAIT's timeout is a duration, the others' a point of time, FUTEX_LOCK_PI's always on CLOCK_REALTIME.
Result<Deadline> deadline_of(int command, bool realtime, mm::UserPtr<const Timespec> timeout) {
  if (!timeout) return Deadline::never();
  const std::uint64_t ns = TRY(read_duration(timeout));
  if (command == kWait) return Deadline::after(ns);
  return deadline_on_clock(realtime ? kClockRealtime : kClockMonotonic, ns);
}

}  // namespace

SyscallResult sys_futex(std::uint64_t address, int operation, std::uint32_t value, std::uint64_t timeout_or_count,
                        std::uint64_t second_address, std::uint32_t third_value) {
  const int command = operation & ~(kPrivateFlag | kRealtimeFlag);
  const FutexScope scope = operation & kPrivateFlag ? FutexScope::kPrivate : FutexScope::kShared;
  const bool realtime = operation & kRealtimeFlag;
  if (realtime && command != kWait && command != kWaitBitset && command != kWaitRequeueLock && command != kLock2)
    return Errno::kNoSys;
  const auto second_count = static_cast<std::uint32_t>(timeout_or_count);
  // Counts are ints; a negative one can only be a mistake (futex(2) on FUTEX_CMP_REQUEUE).
  constexpr std::uint32_t kMaxCount = 0x7fff'ffff;
  switch (command) {
    case kWait:
    case kWaitBitset: {
      const Deadline deadline = TRY(deadline_of(command, realtime, mm::UserPtr<const Timespec>(timeout_or_count)));
      return wait({address, scope, value, command == kWait ? kAllBits : third_value}, deadline);
    }
    // As on Linux, waking "none" wakes one.
    case kWake:
      return task::futex_wake(address, scope, value == 0 ? 1 : value, kAllBits);
    case kWakeBitset:
      return task::futex_wake(address, scope, value == 0 ? 1 : value, third_value);
    case kRequeue:
    case kCompareRequeue:
      if (value > kMaxCount || second_count > kMaxCount) return Errno::kInval;
      return task::futex_requeue(address, second_address, scope, value, second_count,
                                 command == kCompareRequeue ? &third_value : nullptr);
    case kWakeOp:
      return task::futex_wake_op(address, second_address, scope, value, second_count, third_value);
    case kLock:
    case kLock2: {
      const mm::UserPtr<const Timespec> timeout(timeout_or_count);
      return done(task::futex_lock(address, scope, TRY(deadline_of(command, realtime || command == kLock, timeout))));
    }
    case kTryLock:
      return done(task::futex_try_lock(address, scope));
    case kUnlock:
      return done(task::futex_unlock(address, scope));
    case kWaitRequeueLock: {
      const mm::UserPtr<const Timespec> timeout(timeout_or_count);
      return done(task::futex_wait_and_lock(address, second_address, scope, value,
                                            TRY(deadline_of(command, realtime, timeout))));
    }
    case kCompareRequeueLock:
      if (value > kMaxCount || second_count > kMaxCount) return Errno::kInval;
      return task::futex_move_to_lock(address, second_address, scope, value, second_count, third_value);
    default:
      return Errno::kNoSys;
  }
}

SyscallResult sys_set_robust_list(std::uint64_t head, std::size_t size) {
  if (size != 24) return Errno::kInval;  // sizeof(struct robust_list_head)
  task::current().robust_list = head;
  return 0;
}

SyscallResult sys_get_robust_list(int tid, mm::UserPtr<std::uint64_t> head, mm::UserPtr<std::uint64_t> size) {
  const task::Task& self = task::current();
  const task::Task* target = tid == 0 ? &self : task::find_task(tid);
  if (!target) return Errno::kSrch;
  if (!self.credentials.can(task::Capability::kSysPtrace) && target->credentials.uid != self.credentials.uid)
    return Errno::kPerm;
  TRY(size.write(24));
  TRY(head.write(target->robust_list));
  return 0;
}

SyscallResult sys_rseq(std::uint64_t address, std::uint32_t size, int flags, std::uint32_t signature) {
  constexpr int kUnregister = 1;
  // The size of the first struct rseq, which must be aligned to it as well, and how far the fields go that are known
  // (AT_RSEQ_FEATURE_SIZE).
  constexpr std::uint32_t kFirstSize = 32;
  task::Task& self = task::current();
  const task::SequenceArea& registered = self.sequence_area;
  if (flags & ~kUnregister) return Errno::kInval;
  if (flags == kUnregister || registered.address != 0) {
    if (registered.address == 0 || registered.address != address || registered.size != size) return Errno::kInval;
    if (registered.signature != signature) return Errno::kPerm;
    if (flags == 0) return Errno::kBusy;
    return done(task::unregister_sequence_area(self));
  }
  if (size < kFirstSize || address % kFirstSize != 0) return Errno::kInval;
  if (address > husk::abi::kUserEnd || size > husk::abi::kUserEnd - address) return Errno::kFault;
  return done(task::register_sequence_area(self, {.address = address, .size = size, .signature = signature}));
}

}  // namespace kernel::syscall
