// What happens when a payload touches memory and there is no frame left.
#pragma once

#include <cstdint>
#include <optional>

namespace kernel::task {

class Process;

// /proc/PID/oom_score_adj: never chosen; first to go.
inline constexpr int kLowestOomAdjustment = -1000, kHighestOomAdjustment = 1000;

// Ends the process whose end helps most (badness_of) and everybody who shares that memory, and logs why. What only they have
// is free at once; what they share with others, when they have run and ended. Each call ends at least one more process
// or finds that somebody is on the way out, so whoever tries again does not do so for ever.
//
// True: try again. False: it is the current process, which will end on its way to user mode.
// This may switch tasks: for page faults.
bool make_room();
// The same without letting anybody run: for the copies that the kernel makes from and to user memory, whose callers
// hold references into what other tasks change. False also if nothing has come free.
bool make_room_now();

// How much the end of a process would help, in pages: what it holds, and its share of all memory that
// /proc/PID/oom_score_adj adds or takes away (proc(5)). Nothing for a process that is never chosen: one whose adjustment
// says so, one that is ending already.
std::optional<std::int64_t> badness_of(Process& process);
std::uint64_t out_of_memory_kills();

// Memory that no process has, and that stays when all are killed: who keeps such says so in the log after each kill, so that
// one who wonders what the memory is used for learns it (ipc/shared_memory.cc).
using KeptMemoryReport = void (*)();
void set_kept_memory_report(KeptMemoryReport report);

}  // namespace kernel::task
