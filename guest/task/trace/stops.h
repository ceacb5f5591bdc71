// Where a traced thread stops, and how it goes on (ptrace(2), "Stopped states"). All of these are for the current task, at a
// point where its user registers are in its frame and it holds nothing that others need; the tracer may change the registers
// meanwhile, kill it, or let go of it.
#pragma once

#include <cstdint>

#include "arch/x86_64/trap_frame.h"
#include "lib/errno.h"
#include "task/trace/tracee.h"

namespace kernel::task {

// Signal-delivery-stop: what the tracer makes of a signal that is about to take effect. False: nothing is left to be done.
bool report_signal(Task& self, SignalInfo& info);
// Group-stop and PTRACE_EVENT_STOP, if one is due. Whether it was.
bool report_trap(Task& self);
// PTRACE_EVENT stops, where the tracer asked for the event; execve(2) is a SIGTRAP to one that did not.
void report_event(Task& self, TraceEvent event, std::uint64_t message);
// A handler was entered while the thread is single-stepped.
void report_handler(Task& self);

// Syscall-stops, if the thread was resumed for them; the call's number is in frame.error_code, and may be another one
// afterwards. Whether the call is to be made.
bool report_call(Task& self, arch::TrapFrame& frame);
void report_call_end(Task& self, arch::TrapFrame& frame);

// How an interrupted system call ends, as the registers have it: the tracer may have changed them. kNone for no such call.
Errno interrupted_call(const arch::TrapFrame& frame);

// For the tracer, or who lets go: a stopped thread goes on.
void resume(Tracee& tracee);
// A stop or the continuation of its process is to be reported by a trap of its own (PTRACE_SEIZE).
void notify_trap(Tracee& tracee);
// Its process stops.
void note_group_stop(Tracee& tracee, int signal);
// SIGCONT was sent to its process.
void note_continuation(Tracee& tracee);

// PTRACE_INTERRUPT, PTRACE_LISTEN. kIo.
Result<void> interrupt(Tracee& tracee);
Result<void> listen(Tracee& tracee);

}  // namespace kernel::task
