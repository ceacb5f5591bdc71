// Restartable sequences (rseq(2)): a thread names an area of its memory, in which the kernel says on which CPU it runs, and in
// which it says itself what sequence of instructions it is about to run. Where it was interrupted in that, by a switch to another
// thread or by a signal's handler, it goes on at the sequence's abort handler instead.
//
// Here there is one CPU, so what is said never changes; it is written again where the payload has changed it, as on Linux.
#pragma once

#include <cstdint>

#include "arch/x86_64/trap_frame.h"
#include "lib/result.h"

namespace kernel::task {

class Task;

// What rseq(2) has registered.
struct SequenceArea {
  std::uint64_t address = 0;  // user address; 0: none
  std::uint32_t size = 0;
  std::uint32_t signature = 0;  // stands before each abort handler

  // The thread has not had the CPU all the time since it left user mode.
  bool interrupted = false;
};

Result<void> register_sequence_area(Task& task, const SequenceArea& area);
Result<void> unregister_sequence_area(Task& task);

// On the way back to user mode, to `frame`: kFault or kInval if the area or what it names is no good.
Result<void> leave_interrupted_sequence(Task& task, arch::TrapFrame& frame);
// The same where there is no handler to run: SIGSEGV then.
void leave_interrupted_sequence_or_fault(Task& task, arch::TrapFrame& frame);

}  // namespace kernel::task
