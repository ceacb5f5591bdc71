// PTRACE_GET_SYSCALL_INFO: which system call a tracee has stopped in, and where; PTRACE_SET_SYSCALL_INFO: another one.
#include <algorithm>
#include <cstddef>

#include "mm/user_ptr.h"
#include "syscall/ptrace_requests.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

using task::Tracee;

enum Operation : std::uint8_t { kNothing = 0, kEntry = 1, kExit = 2 };

// struct ptrace_syscall_info.
struct CallInfo {
  std::uint8_t operation;
  std::uint8_t reserved;
  std::uint16_t flags;
  std::uint32_t architecture;
  std::uint64_t instruction_pointer;
  std::uint64_t stack_pointer;
  struct Entry {
    std::uint64_t number;
    std::uint64_t arguments[6];
    std::uint64_t of_filters;  // in stops of seccomp(2)
  };
  struct Exit {
    std::int64_t value;
    std::uint8_t is_error;
  };
  union {
    Entry entry;
    Exit exit;
  };
};
static_assert(sizeof(CallInfo) == 88);
constexpr std::uint32_t kX8664 = 0xc000'003e;  // AUDIT_ARCH_X86_64
constexpr std::uint64_t kMostErrors = 4095;

// Without PTRACE_O_TRACESYSGOOD these stops are not told from others.
Operation operation_of(const Tracee& tracee) {
  constexpr int kCallStop = task::kSigTrap | 0x80;
  if (!tracee.info || tracee.info->code != kCallStop) return kNothing;
  return tracee.message == kEntry || tracee.message == kExit ? static_cast<Operation>(tracee.message) : kNothing;
}

}  // namespace

SyscallResult get_call_info(Tracee& tracee, std::uint64_t size, std::uint64_t data) {
  const arch::TrapFrame& frame = tracee.task()->frame();
  CallInfo info{};
  info.operation = operation_of(tracee);
  info.architecture = kX8664;
  info.instruction_pointer = frame.rip;
  info.stack_pointer = frame.rsp;
  std::size_t known = offsetof(CallInfo, entry);
  if (info.operation == kEntry) {
    info.entry = {.number = frame.error_code,
                  .arguments = {frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9},
                  .of_filters = 0};
    known += offsetof(CallInfo::Entry, of_filters);
  } else if (info.operation == kExit) {
    const bool is_error = frame.rax >= 0 - kMostErrors;
    info.exit = {.value = static_cast<std::int64_t>(frame.rax), .is_error = is_error};
    known += offsetof(CallInfo::Exit, is_error) + sizeof info.exit.is_error;
  }
  TRY(mm::copy_to_user(data, &info, std::min<std::uint64_t>(size, known)));
  return known;
}

SyscallResult set_call_info(Tracee& tracee, std::uint64_t size, std::uint64_t data) {
  if (size < sizeof(CallInfo)) return Errno::kInval;
  const CallInfo info = TRY(mm::UserPtr<const CallInfo>(data).read());
  if (!tracee.task() || !tracee.stopped) return Errno::kSrch;
  if (info.flags != 0 || info.reserved != 0 || info.operation != operation_of(tracee)) return Errno::kInval;
  arch::TrapFrame& frame = tracee.task()->frame();
  if (info.operation == kExit) {
    frame.rax = static_cast<std::uint64_t>(info.exit.value);
    return 0;
  }
  if (info.operation != kEntry) return Errno::kInval;
  const auto number = static_cast<std::int32_t>(info.entry.number);
  if (static_cast<std::uint64_t>(std::int64_t{number}) != info.entry.number) return Errno::kRange;
  frame.error_code = info.entry.number;
  if (number == -1) return 0;
  const std::uint64_t(&arguments)[6] = info.entry.arguments;
  frame.rdi = arguments[0], frame.rsi = arguments[1], frame.rdx = arguments[2];
  frame.r10 = arguments[3], frame.r8 = arguments[4], frame.r9 = arguments[5];
  return 0;
}

// PTRACE_GET_RSEQ_CONFIGURATION.
SyscallResult get_sequence_area(Tracee& tracee, std::uint64_t size, std::uint64_t data) {
  struct Configuration {
    std::uint64_t address;
    std::uint32_t size;
    std::uint32_t signature;
    std::uint32_t flags;
    std::uint32_t padding;
  };
  const task::SequenceArea& area = tracee.task()->sequence_area;
  const Configuration configuration{
      .address = area.address, .size = area.size, .signature = area.signature, .flags = 0, .padding = 0};
  TRY(mm::copy_to_user(data, &configuration, std::min<std::uint64_t>(size, sizeof configuration)));
  return sizeof configuration;
}

}  // namespace kernel::syscall
