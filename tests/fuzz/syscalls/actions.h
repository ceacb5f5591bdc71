// What a system call's description cannot say: processes and threads, programs, and what user code does by itself.
#pragma once

#include <cstdint>

namespace fuzz {

class Worker;

// Where --trace writes to.
inline constexpr int kTraceDescriptor = 900;

void perform_action(Worker& worker);
const char* action_name(std::uint64_t number);

// The handler that most signal actions get. It may change what it returns to: see return_from_signal.
void signal_handler(int signal, void* information, void* context);
extern "C" void signal_restorer();

// actions_user.cc: each ends the process, or might.
void jump_somewhere(Worker& worker);
void return_from_signal(Worker& worker);
void run_instructions(Worker& worker);
void touch_somewhere(Worker& worker);

// actions_files.cc
void execute_something(Worker& worker);
void walk_proc(Worker& worker);
void grow_tree(Worker& worker);
void mount_deep(Worker& worker);

// actions.cc: runs `body` in a new process, or in this one.
void in_child(Worker& worker, void (*body)(Worker&));
// clone(2) and its relatives; the child calls entry(argument), on its own stack if it was given one.
long spawn(std::uint64_t number, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d, std::uint64_t e,
           void (*entry)(void*), void* argument);

}  // namespace fuzz
