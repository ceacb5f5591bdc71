#include "syscall/ptrace_calls.h"

#include "syscall/ptrace_requests.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"
#include "task/trace/registers.h"
#include "task/trace/stops.h"

namespace kernel::syscall {
namespace {

using task::Task;
using task::Tracee;

// <linux/ptrace.h>, <asm/ptrace-abi.h>
enum Request : std::uint64_t {
  kTraceMe = 0,
  kPeekText = 1,
  kPeekData = 2,
  kPeekUser = 3,
  kPokeText = 4,
  kPokeData = 5,
  kPokeUser = 6,
  kContinue = 7,
  kKill = 8,
  kSingleStep = 9,
  kGetRegisters = 12,
  kSetRegisters = 13,
  kGetVectors = 14,
  kSetVectors = 15,
  kAttach = 16,
  kDetach = 17,
  kOldSetOptions = 21,
  kSyscall = 24,
  kArchPrctl = 30,
  kEmulate = 31,
  kEmulateStep = 32,
  kSetOptions = 0x4200,
  kGetEventMessage = 0x4201,
  kGetSignalInfo = 0x4202,
  kSetSignalInfo = 0x4203,
  kGetRegisterSet = 0x4204,
  kSetRegisterSet = 0x4205,
  kSeize = 0x4206,
  kInterrupt = 0x4207,
  kListen = 0x4208,
  kPeekSignals = 0x4209,
  kGetSignalMask = 0x420a,
  kSetSignalMask = 0x420b,
  kGetFilter = 0x420c,
  kGetFilterMetadata = 0x420d,
  kGetCallInfo = 0x420e,
  kGetSequenceArea = 0x420f,
  kSetCallInfo = 0x4212,
};

Ref<Tracee> tracee_of_current(int tid) {
  const Task* thread = task::find_task(tid);
  Tracee* tracee = thread ? thread->tracee : nullptr;
  return tracee && tracee->tracer() == &task::current() ? Ref<Tracee>(tracee) : Ref<Tracee>();
}

Result<void> check_options(std::uint64_t options) {
  if (options & ~std::uint64_t{task::kAllTraceOptions}) return Errno::kInval;
  if (options & task::kTraceSuspendSeccomp) {
    // There are no filters to be suspended (as without CONFIG_CHECKPOINT_RESTORE).
    return Errno::kInval;
  }
  return {};
}

SyscallResult attach(int tid, bool seize, std::uint64_t address, std::uint64_t options) {
  if (seize && (address != 0 || (options & ~std::uint64_t{task::kAllTraceOptions}))) return Errno::kIo;
  if (seize) TRY(check_options(options));
  Task* thread = task::find_task(tid);
  // What has ended cannot be traced any more.
  if (!thread) return task::find_process(tid) ? Errno::kPerm : Errno::kSrch;
  const Ref<Task> held(thread);
  TRY(task::attach_to(*thread, seize, seize ? static_cast<std::uint32_t>(options) : 0));
  return 0;
}

// Linux's order: how it will run first, then with which signal.
SyscallResult continue_with(Tracee& tracee, std::uint64_t request, std::uint64_t signal) {
  if (signal > task::kSignalCount) return Errno::kIo;
  tracee.stops_at_calls = request == kSyscall;
  tracee.emulates_calls = request == kEmulate || request == kEmulateStep;
  if (request == kSingleStep || request == kEmulateStep) {
    task::begin_single_steps(tracee);
  } else {
    task::end_single_steps(tracee);
  }
  tracee.code = static_cast<int>(signal);
  task::resume(tracee);
  return 0;
}

SyscallResult detach(Tracee& tracee, std::uint64_t signal) {
  if (signal > task::kSignalCount) return Errno::kIo;
  task::end_single_steps(tracee);
  tracee.code = static_cast<int>(signal);
  task::let_go(tracee);
  return 0;
}

SyscallResult set_options(Tracee& tracee, std::uint64_t options) {
  TRY(check_options(options));
  tracee.options = static_cast<std::uint32_t>(options);
  return 0;
}

SyscallResult of_stopped(Tracee& tracee, std::uint64_t request, std::uint64_t address, std::uint64_t data) {
  switch (request) {
    case kPeekText:
    case kPeekData:
      return peek_memory(tracee, address, data);
    case kPokeText:
    case kPokeData:
      return poke_memory(tracee, address, data);
    case kPeekUser:
      return peek_user(tracee, address, data);
    case kPokeUser:
      return poke_user(tracee, address, data);
    case kGetRegisters:
    case kSetRegisters:
      return move_registers(tracee, request == kSetRegisters ? Direction::kToTracee : Direction::kFromTracee, data,
                            sizeof(task::UserRegisters));
    case kGetVectors:
    case kSetVectors:
      return move_legacy_vectors(tracee, request == kSetVectors ? Direction::kToTracee : Direction::kFromTracee, data,
                                 task::kLegacyImage);
    case kGetRegisterSet:
    case kSetRegisterSet:
      return move_register_set(tracee, request == kSetRegisterSet ? Direction::kToTracee : Direction::kFromTracee,
                               address, data);
    case kArchPrctl:
      return change_segment_base(tracee, data, address);
    case kContinue:
    case kSyscall:
    case kSingleStep:
    case kEmulate:
    case kEmulateStep:
      return continue_with(tracee, request, data);
    case kDetach:
      return detach(tracee, data);
    case kOldSetOptions:
    case kSetOptions:
      return set_options(tracee, data);
    case kGetEventMessage:
      TRY(mm::UserPtr<std::uint64_t>(data).write(tracee.message));
      return 0;
    case kGetSignalInfo:
      return get_signal_info(tracee, data);
    case kSetSignalInfo:
      return set_signal_info(tracee, data);
    case kPeekSignals:
      return peek_signals(tracee, address, data);
    case kGetSignalMask:
      return get_signal_mask(tracee, address, data);
    case kSetSignalMask:
      return set_signal_mask(tracee, address, data);
    case kListen:
      TRY(task::listen(tracee));
      return 0;
    case kGetCallInfo:
      return get_call_info(tracee, address, data);
    case kSetCallInfo:
      return set_call_info(tracee, address, data);
    case kGetSequenceArea:
      return get_sequence_area(tracee, address, data);
    case kGetFilter:
    case kGetFilterMetadata:
      return Errno::kInval;  // there is no seccomp(2)
    default:
      return Errno::kIo;
  }
}

}  // namespace

Result<Ref<Tracee>> stopped_tracee(int tid) {
  Ref<Tracee> tracee = tracee_of_current(tid);
  if (!tracee || !tracee->stopped || tracee->listening) return Errno::kSrch;
  // Another number than the tracer knows it by: it has executed a program, and the tracer has not been told yet.
  constexpr int kExecuted = static_cast<int>(task::TraceEvent::kExec) << task::kTraceEventShift | task::kSigTrap;
  if (tracee->code == kExecuted && tracee->message != static_cast<std::uint64_t>(tid)) return Errno::kSrch;
  return tracee;
}

SyscallResult sys_ptrace(std::uint64_t request, int pid, std::uint64_t address, std::uint64_t data) {
  switch (request) {
    case kTraceMe:
      TRY(task::trace_me());
      return 0;
    case kAttach:
    case kSeize:
      return attach(pid, request == kSeize, address, data);
    case kKill:
    case kInterrupt: {
      const Ref<Tracee> tracee = tracee_of_current(pid);
      if (!tracee) return Errno::kSrch;
      if (request == kInterrupt) {
        TRY(task::interrupt(*tracee));
      } else {
        task::send_signal(tracee->process(), task::signal_from_current(task::kSigKill, task::kSiUser));
      }
      return 0;
    }
    default: {
      const Ref<Tracee> tracee = TRY(stopped_tracee(pid));
      return of_stopped(*tracee, request, address, data);
    }
  }
}

}  // namespace kernel::syscall
