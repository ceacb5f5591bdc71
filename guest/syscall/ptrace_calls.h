// ptrace(2): a tracer's requests. What a tracee is and does: task/trace/.
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_ptrace(std::uint64_t request, int pid, std::uint64_t address, std::uint64_t data);

inline constexpr Entry kPtraceCalls[] = {
    row<sys_ptrace>(101, "ptrace"),
};

}  // namespace kernel::syscall
