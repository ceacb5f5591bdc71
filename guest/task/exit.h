// The end of tasks and processes: _exit(2), exit_group(2), fatal signals.
#pragma once

#include <cstdint>

namespace kernel::mm {
class AddressSpace;
}

namespace kernel::task {

// wait(2)'s encoding of how a process ended.
constexpr int exit_code_status(int code) {
  return (code & 0xff) << 8;
}
constexpr int signal_status(int signal, bool core = false) {
  return signal | (core ? 0x80 : 0);
}

// The calling thread ends; its process with it if it is the last one (_exit(2)).
[[noreturn]] void exit_thread(int status);
// The process ends, with all its threads.
[[noreturn]] void exit_process(int status);
// What a thread owes to others of its address space when it ends or executes a program: its robust locks, and the word
// of set_tid_address(2).
void leave_address_space(class Task& self);
// For getrusage(2): how much memory a program has had that the process leaves.
void note_peak_memory(class Process& process, const mm::AddressSpace& space);
// Whether the task must not return to user mode: its process is ending, or another thread of it calls execve(2).
bool must_exit(const class Task& task);
// Starts the end of another process, or of the current one from a place that can return: every thread leaves on its way
// to user mode. No-op if it is ending already.
void begin_process_exit(class Process& process, int status);

// execve(2): all other threads of the current process end; the current one becomes its leader. kAgain if the process is
// ending itself.
bool end_other_threads();

}  // namespace kernel::task
