// Every entry to the kernel ends up in one of the handle_* functions below, on the current task's kernel stack; entry.S
// has put the user registers into a TrapFrame at its top and will load them from there again.

#include "abi/husk_abi.h"
#include "arch/x86_64/entry.h"
#include "arch/x86_64/kernel_stack.h"
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/selectors.h"
#include "arch/x86_64/trap_frame.h"
#include "arch/x86_64/user_state.h"
#include "arch/x86_64/vsyscall.h"
#include "lib/log.h"
#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "syscall/dispatch.h"
#include "task/exit.h"
#include "task/out_of_memory.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"

namespace kernel::arch {
namespace {

using task::Signal;

static_assert(SELECTOR_USER_SS == husk::abi::kUserSs && SELECTOR_USER_CS == husk::abi::kUserCs);
static_assert(KERNEL_HIGH_WORD == husk::abi::kKernelBase >> 32);

constexpr unsigned kDoubleFaultVector = 8, kStackVector = 12, kProtectionVector = 13, kPageFaultVector = 14;
// Page-fault error code, SDM vol. 3, 4.7.
constexpr std::uint64_t kFaultPresent = 1, kFaultWrite = 2, kFaultUser = 4, kFaultFetch = 16;

// siginfo_t codes, <asm-generic/siginfo.h>.
constexpr int kSiKernel = 0x80, kSegvMapErr = 1, kSegvAccErr = 2, kBusAdrAln = 1, kBusAdrErr = 2, kFpeIntDiv = 1,
              kFpeFltInv = 7, kIllIllOpn = 2, kTrapTrace = 2;

void send_fault(Signal signal, int code, std::uint64_t address) {
  task::SignalInfo info;
  info.signal = signal;
  info.code = code;
  info.fault_address = address;
  task::Task& self = task::current();
  log(LogLevel::kDebug, "{} (pid {}): signal {} at {x}, address {x}, stack {x}", std::string_view(self.name),
      self.process->ids.pid, static_cast<int>(signal), self.frame().rip, address, self.frame().rsp);
  task::force_signal(self, info);
}

// A page fault's error code as a payload may see it. Linux says "present" of all addresses of its half, so that nobody
// can find out what is there; here that half begins lower, where on Linux nothing is.
std::uint64_t hide_kernel(std::uint64_t error_code, std::uint64_t address) {
  if (address < husk::abi::kUserEnd) return error_code;
  return (error_code & (kFaultWrite | kFaultUser | kFaultFetch)) | (address >> 63 ? kFaultPresent : 0);
}

void page_fault(TrapFrame& frame) {
  const std::uint64_t address = this_cpu().fault_address;
  const auto access = frame.error_code & kFaultWrite   ? mm::FaultAccess::kWrite
                      : frame.error_code & kFaultFetch ? mm::FaultAccess::kExecute
                                                       : mm::FaultAccess::kRead;
  frame.error_code = hide_kernel(frame.error_code, address);
  task::Task& self = task::current();
  ++self.process->accounting.minor_faults;
  for (;;) {
    Ref<mm::PendingPage> pending;
    const auto result = address < husk::abi::kUserEnd
                            ? self.space->fault(address, access, mm::FaultOrigin::kHardware, pending)
                            : mm::FaultResult::kNoMapping;
    switch (result) {
      case mm::FaultResult::kResolved:
        return;
      case mm::FaultResult::kNoMapping:
        if (address < husk::abi::kUserEnd)
          frame.error_code &= ~kFaultPresent;  // of an entry that is kept (mm/page_table.h)
        return send_fault(task::kSigSegv, kSegvMapErr, address);
      case mm::FaultResult::kNoPermission:
        return send_fault(task::kSigSegv, kSegvAccErr, address);
      case mm::FaultResult::kBeyondObject:
        return send_fault(task::kSigBus, kBusAdrErr, address);
      case mm::FaultResult::kOutOfMemory:
        // Either a process has been killed to make room, and the access is tried again, or it is this one.
        if (!task::make_room()) return;
        break;
      case mm::FaultResult::kWouldBlock:
        // Nothing is held meanwhile: the mapping may be another one afterwards. A task that is killed does not come back.
        if (!pending->wait()) return;
        break;
    }
  }
}

void exception(TrapFrame& frame) {
  switch (frame.vector) {
    case 0:
      return send_fault(task::kSigFpe, kFpeIntDiv, frame.rip);
    case 1:
      return send_fault(task::kSigTrap, kTrapTrace, frame.rip);
    case 3:
      return send_fault(task::kSigTrap, kSiKernel, 0);
    case 6:
      return send_fault(task::kSigIll, kIllIllOpn, frame.rip);
    case kPageFaultVector:
      return page_fault(frame);
    case 11:
    case 12:
      return send_fault(task::kSigBus, kSiKernel, 0);  // #NP; #SS, which a stack pointer that is not canonical raises
    case 16:
    case 19:
      return send_fault(task::kSigFpe, kFpeFltInv, frame.rip);
    case 17:
      return send_fault(task::kSigBus, kBusAdrAln, 0);
    default:
      return send_fault(task::kSigSegv, kSiKernel, 0);  // #GP and relatives
  }
}

// Whether a SYSCALL has been seen to enter the kernel in CPL 0, as hardware does it.
constinit bool syscall_enters_ring0_ = false;

bool follows_syscall_instruction(std::uint64_t address) {
  constexpr std::uint8_t kSyscall[] = {0x0f, 0x05};
  std::uint8_t code[sizeof kSyscall];
  if (!mm::copy_from_user(code, address - sizeof code, sizeof code)) return false;
  return code[0] == kSyscall[0] && code[1] == kSyscall[1];
}

// Where KVM emulates CPL 0, SYSCALL goes to LSTAR without leaving CPL 3. A kernel in ring 0 has no page there that CPL
// 3 could run, so the fetch faults, with all registers as SYSCALL left them. A payload may also jump there, with any
// registers: that is a system call only if it is one that SYSCALL could have made.
bool is_syscall_without_privilege_change(const TrapFrame& frame) {
  return frame.vector == kPageFaultVector && frame.rip == reinterpret_cast<std::uint64_t>(syscall_entry) &&
         this_cpu().fault_address == frame.rip && this_cpu().ring == Ring::k0 && !syscall_enters_ring0_ &&
         follows_syscall_instruction(frame.rcx);
}

void turn_into_syscall(TrapFrame& frame) {
  frame.vector = kSyscallVector;
  frame.error_code = frame.rax;
  frame.rip = frame.rcx;
  frame.rflags = user_rflags(frame.r11);
}

bool is_vsyscall(const TrapFrame& frame) {
  return frame.vector == kPageFaultVector && (frame.error_code & kFaultFetch) && is_on_vsyscall_page(frame.rip) &&
         this_cpu().fault_address == frame.rip;
}

// Makes the system call and returns to who called. The function itself would have stored through a pointer that is bad,
// or popped a return address that is not there: that is a fault, no error, and changes nothing.
void vsyscall(TrapFrame& frame) {
  const TrapFrame before = frame;
  const Vsyscall* function = vsyscall_at(frame.rip);
  std::uint64_t caller = 0;
  if (function && mm::copy_from_user(&caller, frame.rsp, sizeof caller)) {
    frame.error_code = function->number;
    if (syscall::dispatch(frame) != Errno::kFault) {
      frame.rip = caller;
      frame.rsp += sizeof caller;
      return;
    }
    frame = before;
    const std::uint64_t pointers[] = {frame.rdi, frame.rsi};
    for (unsigned i = 0; i < function->pointers; ++i) {
      // Not even an address of a program's on Linux: its fault is told with it.
      if (pointers[i] >> 47 != 0) return send_fault(task::kSigSegv, kSegvMapErr, pointers[i]);
    }
  }
  send_fault(task::kSigSegv, kSiKernel, 0);
}

// The one place that looks at what IRETQ will load, on every way back to user mode. An instruction pointer that is not
// the payload's is its fault there, as if user mode had been entered: what is not canonical fails IRETQ itself (a
// general protection fault), the rest the fetch of the first instruction.
//
// A stack pointer that is not canonical would fault at the first push (a stack fault). The payload meets it here
// already: a KVM that emulates CPL 0 cannot resume such a CPU after an exit, and the VM ends or hangs.
bool is_fit_for_user_mode(TrapFrame& frame) {
  frame.rflags = user_rflags(frame.rflags);
  if (is_user_instruction(frame.rip)) {
    if (is_canonical(frame.rsp)) return true;
    frame.vector = kStackVector;
    frame.error_code = 0;
    send_fault(task::kSigBus, kSiKernel, 0);
    return false;
  }
  if (is_canonical(frame.rip)) {
    frame.vector = kPageFaultVector;
    frame.error_code = hide_kernel(kFaultFetch | kFaultUser, frame.rip);
    send_fault(task::kSigSegv, kSegvMapErr, frame.rip);
  } else {
    frame.vector = kProtectionVector;
    frame.error_code = 0;
    send_fault(task::kSigSegv, kSiKernel, 0);
  }
  return false;
}

void prepare_return(TrapFrame& frame, bool from_syscall, Errno syscall_error) {
  for (;;) {
    task::Task& self = task::current();
    if (task::must_exit(self)) task::exit_thread(0);
    bool ready = false;
    if (task::has_deliverable_signal(self) || static_cast<int>(syscall_error) >= static_cast<int>(Errno::kRestart)) {
      task::deliver_pending_signals(frame, from_syscall, syscall_error);
      from_syscall = false;
      syscall_error = Errno::kNone;
    } else if (self.sequence_area.interrupted) [[unlikely]] {
      task::leave_interrupted_sequence_or_fault(self, frame);
    } else {
      ready = is_fit_for_user_mode(frame);
      if (!ready) from_syscall = false;
    }
    // A payload whose handlers lead nowhere goes round here until its stack is full: others have their turn.
    if (task::time_slice_is_over())
      task::give_way();
    else if (ready)
      break;
  }
  task::arm_timer();
  task::account_exit();
}

void system_call(TrapFrame& frame) {
  const Errno error = task::current().tracee ? syscall::dispatch_traced(frame) : syscall::dispatch(frame);
  prepare_return(frame, true, error);
}

}  // namespace

extern "C" void handle_syscall(TrapFrame* frame) {
  syscall_enters_ring0_ = true;
  task::account_entry();
  system_call(*frame);
}

extern "C" void handle_trap(TrapFrame* frame) {
  task::account_entry();
  if (is_syscall_without_privilege_change(*frame)) {
    turn_into_syscall(*frame);
    return system_call(*frame);
  }
  if (frame->vector >= 32)
    task::process_interrupts(static_cast<unsigned>(frame->vector));
  else if (is_vsyscall(*frame))
    vsyscall(*frame);
  else
    exception(*frame);
  prepare_return(*frame, false, Errno::kNone);
}

// The return path found that an interrupt arrived while the kernel ran.
extern "C" void handle_pending_interrupts(TrapFrame* frame) {
  task::account_entry();
  task::process_interrupts(0);
  prepare_return(*frame, false, Errno::kNone);
}

extern "C" void finish_first_switch(TrapFrame* frame) {
  task::finish_switch();
  prepare_return(*frame, false, Errno::kNone);
}

extern "C" [[noreturn]] void handle_kernel_trap(TrapFrame* frame) {
  if ((frame->vector == kPageFaultVector || frame->vector == kDoubleFaultVector) &&
      is_below_kernel_stack(this_cpu().fault_address)) {
    panic("kernel stack overflow at {x}: address {x}, stack {x}", frame->rip, this_cpu().fault_address, frame->rsp);
  }
  panic("exception {} in the kernel at {x}: error code {x}, address {x}, stack {x}", frame->vector, frame->rip,
        frame->error_code, this_cpu().fault_address, frame->rsp);
}

}  // namespace kernel::arch
