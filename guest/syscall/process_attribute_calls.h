// System calls about attributes of processes and threads: prctl(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_prctl(int option, std::uint64_t argument2, std::uint64_t argument3, std::uint64_t argument4,
                        std::uint64_t argument5);

inline constexpr Entry kProcessAttributeCalls[] = {
    row<sys_prctl>(157, "prctl"),
};

}  // namespace kernel::syscall
