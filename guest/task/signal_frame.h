// The signal frame: what a handler finds on the user stack, and what rt_sigreturn(2) reads back. Laid out exactly as
// Linux does on x86-64 (struct rt_sigframe), because glibc, debuggers and unwinders know it.
//
//   high   interrupted stack, 128 bytes of red zone, or the alternate stack's end
//          the vector registers: an XSAVE image, 64-byte aligned
//          the siginfo, the ucontext, and the address of the restorer, at which the handler's RET arrives
//   low    the handler's stack pointer: 16-byte aligned, minus 8, as after a CALL
#pragma once

#include <cstddef>

#include "arch/x86_64/trap_frame.h"
#include "lib/result.h"
#include "task/signal_state.h"

namespace kernel::task {

// What the kernel needs at most of a stack to enter a handler: AT_MINSIGSTKSZ (getauxval(3)). A bound that holds on every
// processor, because the exact size is asked of it (by CPUID, which exits) only when the first image is saved.
std::size_t largest_signal_frame();

class Task;

// Builds the frame on the current task's stack and changes `frame` so that it enters the handler. `saved_mask` is what
// rt_sigreturn will restore. kFault if the stack is not writable, kNoMem.
Result<void> enter_handler(arch::TrapFrame& frame, const SignalInfo& info, const SignalAction& action,
                           SignalSet saved_mask);

// Undoes it, from what is on the user stack now, none of which is trusted. kFault if it is no usable frame.
Result<void> leave_handler(arch::TrapFrame& frame);

// sigaltstack(2)'s rules for a new stack. kInval, kNoMem.
Result<void> set_alternate_stack(Task& task, const AlternateStack& stack);

}  // namespace kernel::task
