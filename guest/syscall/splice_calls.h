// System calls that move data between files inside the kernel: splice(2), tee(2), vmsplice(2), sendfile(2),
// copy_file_range(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_splice(int in_fd, mm::UserPtr<std::int64_t> in_offset, int out_fd,
                         mm::UserPtr<std::int64_t> out_offset, std::size_t count, std::uint32_t flags);
SyscallResult sys_tee(int in_fd, int out_fd, std::size_t count, std::uint32_t flags);
SyscallResult sys_vmsplice(int fd, mm::UserBuffer iovec, std::size_t segments, std::uint32_t flags);
SyscallResult sys_sendfile(int out_fd, int in_fd, mm::UserPtr<std::int64_t> offset, std::size_t count);
SyscallResult sys_copy_file_range(int in_fd, mm::UserPtr<std::int64_t> in_offset, int out_fd,
                                  mm::UserPtr<std::int64_t> out_offset, std::size_t count, std::uint32_t flags);

inline constexpr Entry kSpliceCalls[] = {
    row<sys_sendfile>(40, "sendfile"),
    row<sys_splice>(275, "splice"),
    row<sys_tee>(276, "tee"),
    row<sys_vmsplice>(278, "vmsplice"),
    row<sys_copy_file_range>(326, "copy_file_range"),
};

}  // namespace kernel::syscall
