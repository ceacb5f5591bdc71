// System calls that change the address space.
#pragma once

#include "mm/address_space.h"
#include "syscall/table.h"
#include "task/task.h"

namespace kernel::syscall {

// AddressSpace::populate() of the current task's memory, with turns for others: memory that was freed before has to be
// zeroed. kIntr if the process ends meanwhile.
Result<void> populate_in_pieces(const mm::UserRange& range, mm::AddressSpace::Populate how);

inline mm::AddressSpace& own_space() {
  return *task::current().space;
}

SyscallResult sys_mmap(std::uint64_t address, std::uint64_t length, unsigned protection, unsigned flags, int fd,
                       std::uint64_t offset);
SyscallResult sys_mprotect(std::uint64_t address, std::uint64_t length, unsigned protection);
SyscallResult sys_munmap(std::uint64_t address, std::uint64_t length);
SyscallResult sys_brk(std::uint64_t address);
SyscallResult sys_mremap(std::uint64_t old_address, std::uint64_t old_length, std::uint64_t new_length, unsigned flags,
                         std::uint64_t new_address);
SyscallResult sys_msync(std::uint64_t address, std::uint64_t length, unsigned flags);
SyscallResult sys_mincore(std::uint64_t address, std::uint64_t length, mm::UserBuffer residency);
SyscallResult sys_madvise(std::uint64_t address, std::uint64_t length, int advice);
SyscallResult sys_mlock(std::uint64_t address, std::uint64_t length);
SyscallResult sys_mlock2(std::uint64_t address, std::uint64_t length, unsigned flags);
SyscallResult sys_munlock(std::uint64_t address, std::uint64_t length);
SyscallResult sys_mlockall(unsigned flags);
SyscallResult sys_munlockall();

inline constexpr Entry kMemoryCalls[] = {
    row<sys_mmap>(9, "mmap"),         row<sys_mprotect>(10, "mprotect"),  row<sys_munmap>(11, "munmap"),
    row<sys_brk>(12, "brk"),          row<sys_mremap>(25, "mremap"),      row<sys_msync>(26, "msync"),
    row<sys_mincore>(27, "mincore"),  row<sys_madvise>(28, "madvise"),    row<sys_mlock>(149, "mlock"),
    row<sys_munlock>(150, "munlock"), row<sys_mlockall>(151, "mlockall"), row<sys_munlockall>(152, "munlockall"),
    row<sys_mlock2>(325, "mlock2"),
};

}  // namespace kernel::syscall
