// ioprio_set(2), ioprio_get(2): whose input and output a disk should do first. There is no disk; what was set is kept, inherited
// and said again.
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_ioprio_set(int which, int who, int priority);
SyscallResult sys_ioprio_get(int which, int who);

inline constexpr Entry kIoPriorityCalls[] = {
    row<sys_ioprio_set>(251, "ioprio_set"),
    row<sys_ioprio_get>(252, "ioprio_get"),
};

}  // namespace kernel::syscall
