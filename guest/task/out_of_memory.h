// What happens when a payload touches memory and there is no frame left.
#pragma once

#include <cstdint>

namespace kernel::task {

// Ends the process that holds the most memory, as its oom_score_adj weighs it (proc(5)), and everybody who shares that
// memory, and logs why. What only they have
// is free at once; what they share with others, when they have run and ended. Each call ends at least one more process
// or finds that somebody is on the way out, so whoever tries again does not do so for ever.
//
// True: try again. False: it is the current process, which will end on its way to user mode.
// This may switch tasks: for page faults.
bool make_room();
// The same without letting anybody run: for the copies that the kernel makes from and to user memory, whose callers
// hold references into what other tasks change. False also if nothing has come free.
bool make_room_now();
std::uint64_t out_of_memory_kills();

}  // namespace kernel::task
