// process_vm_readv(2), process_vm_writev(2): data from the memory of one process to another's, in one go.
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_process_vm_readv(int pid, std::uint64_t local, std::size_t local_count, std::uint64_t remote,
                                   std::size_t remote_count, std::uint64_t flags);
SyscallResult sys_process_vm_writev(int pid, std::uint64_t local, std::size_t local_count, std::uint64_t remote,
                                    std::size_t remote_count, std::uint64_t flags);

inline constexpr Entry kProcessMemoryCalls[] = {
    row<sys_process_vm_readv>(310, "process_vm_readv"),
    row<sys_process_vm_writev>(311, "process_vm_writev"),
};

}  // namespace kernel::syscall
