// Who may look into a process and take from it (ptrace(2), "Ptrace access mode checking").
#pragma once

#include <cstdint>

namespace kernel::task {

class Process;
class Task;

// PTRACE_MODE_FSCREDS for files of /proc, PTRACE_MODE_REALCREDS for system calls.
enum class InspectWith : std::uint8_t { kFileSystemIds, kRealIds };

// Whether the current task may: it is its own process, its user's, or a privileged one's.
bool may_inspect(Process& process, InspectWith ids);
// The same by what one of its threads is.
bool may_inspect(const Task& thread, InspectWith ids);

}  // namespace kernel::task
