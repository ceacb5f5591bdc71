// futex(2), robust lists and restartable sequences.
#pragma once

#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

// The fourth argument is a time or a count, depending on the operation.
SyscallResult sys_futex(std::uint64_t address, int operation, std::uint32_t value, std::uint64_t timeout_or_count,
                        std::uint64_t second_address, std::uint32_t third_value);
SyscallResult sys_set_robust_list(std::uint64_t head, std::size_t size);
SyscallResult sys_get_robust_list(int tid, mm::UserPtr<std::uint64_t> head, mm::UserPtr<std::uint64_t> size);
SyscallResult sys_rseq(std::uint64_t address, std::uint32_t size, int flags, std::uint32_t signature);

inline constexpr Entry kFutexCalls[] = {
    row<sys_futex>(202, "futex"),
    row<sys_set_robust_list>(273, "set_robust_list"),
    row<sys_get_robust_list>(274, "get_robust_list"),
    row<sys_rseq>(334, "rseq"),
};

}  // namespace kernel::syscall
