// System calls about sockets. This kernel has no protocol family yet, and says so as a Linux without one does: a program that
// asks for a netlink socket, say, to write to the audit log, goes on without it.
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_socket(int family, int type, int protocol);
SyscallResult sys_socketpair(int family, int type, int protocol, mm::UserPtr<int> descriptors);
// All the others work on a socket, which no descriptor is.
SyscallResult sys_of_a_socket(int fd);
SyscallResult sys_accept4(int fd, mm::UserBuffer address, mm::UserPtr<int> size, unsigned flags);

inline constexpr Entry kSocketCalls[] = {
    row<sys_socket>(41, "socket"),           row<sys_of_a_socket>(42, "connect"),
    row<sys_of_a_socket>(43, "accept"),      row<sys_of_a_socket>(44, "sendto"),
    row<sys_of_a_socket>(45, "recvfrom"),    row<sys_of_a_socket>(46, "sendmsg"),
    row<sys_of_a_socket>(47, "recvmsg"),     row<sys_of_a_socket>(48, "shutdown"),
    row<sys_of_a_socket>(49, "bind"),        row<sys_of_a_socket>(50, "listen"),
    row<sys_of_a_socket>(51, "getsockname"), row<sys_of_a_socket>(52, "getpeername"),
    row<sys_socketpair>(53, "socketpair"),   row<sys_of_a_socket>(54, "setsockopt"),
    row<sys_of_a_socket>(55, "getsockopt"),  row<sys_accept4>(288, "accept4"),
    row<sys_of_a_socket>(299, "recvmmsg"),   row<sys_of_a_socket>(307, "sendmmsg"),
};

}  // namespace kernel::syscall
