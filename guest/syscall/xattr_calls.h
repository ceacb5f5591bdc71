// System calls on extended attributes: setxattr(2), getxattr(2), listxattr(2), removexattr(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_setxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size, int flags);
SyscallResult sys_lsetxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size,
                            int flags);
SyscallResult sys_fsetxattr(int fd, mm::UserString name, mm::UserBuffer value, std::size_t size, int flags);
SyscallResult sys_getxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size);
SyscallResult sys_lgetxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size);
SyscallResult sys_fgetxattr(int fd, mm::UserString name, mm::UserBuffer value, std::size_t size);
SyscallResult sys_listxattr(mm::UserString path, mm::UserBuffer list, std::size_t size);
SyscallResult sys_llistxattr(mm::UserString path, mm::UserBuffer list, std::size_t size);
SyscallResult sys_flistxattr(int fd, mm::UserBuffer list, std::size_t size);
SyscallResult sys_removexattr(mm::UserString path, mm::UserString name);
SyscallResult sys_lremovexattr(mm::UserString path, mm::UserString name);
SyscallResult sys_fremovexattr(int fd, mm::UserString name);

inline constexpr Entry kXattrCalls[] = {
    row<sys_setxattr>(188, "setxattr"),         row<sys_lsetxattr>(189, "lsetxattr"),
    row<sys_fsetxattr>(190, "fsetxattr"),       row<sys_getxattr>(191, "getxattr"),
    row<sys_lgetxattr>(192, "lgetxattr"),       row<sys_fgetxattr>(193, "fgetxattr"),
    row<sys_listxattr>(194, "listxattr"),       row<sys_llistxattr>(195, "llistxattr"),
    row<sys_flistxattr>(196, "flistxattr"),     row<sys_removexattr>(197, "removexattr"),
    row<sys_lremovexattr>(198, "lremovexattr"), row<sys_fremovexattr>(199, "fremovexattr"),
};

}  // namespace kernel::syscall
