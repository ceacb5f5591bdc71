// From a TrapFrame to a handler of the table and back.
#pragma once

#include "arch/x86_64/trap_frame.h"
#include "lib/errno.h"

namespace kernel::syscall {

// Runs the system call whose number is in frame.error_code and puts the result into RAX. Returns its error, so that the
// return path can restart it (kRestart).
Errno dispatch(arch::TrapFrame& frame);

// The same for a traced thread, which may stop before and after; its tracer may change what is called and returned.
Errno dispatch_traced(arch::TrapFrame& frame);

std::uint64_t call_count();

}  // namespace kernel::syscall
