// System calls about sockets: socket(2) and its relatives. They copy what the payload passes, once, and leave the rest
// to the protocol (net/socket.h).
#pragma once

#include "lib/time.h"
#include "net/abi.h"
#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_socket(int family, int type, int protocol);
SyscallResult sys_socketpair(int family, int type, int protocol, mm::UserPtr<std::int32_t> descriptors);
SyscallResult sys_bind(int fd, mm::UserBuffer address, int size);
SyscallResult sys_connect(int fd, mm::UserBuffer address, int size);
SyscallResult sys_listen(int fd, int backlog);
SyscallResult sys_accept(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size);
SyscallResult sys_accept4(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size, int flags);
SyscallResult sys_getsockname(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size);
SyscallResult sys_getpeername(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size);
SyscallResult sys_shutdown(int fd, int how);
SyscallResult sys_setsockopt(int fd, int level, int name, mm::UserBuffer value, int size);
SyscallResult sys_getsockopt(int fd, int level, int name, mm::UserBuffer value, mm::UserPtr<std::int32_t> size);

SyscallResult sys_sendto(int fd, mm::UserBuffer data, std::size_t size, std::uint32_t flags, mm::UserBuffer address,
                         int address_size);
SyscallResult sys_recvfrom(int fd, mm::UserBuffer data, std::size_t size, std::uint32_t flags, mm::UserBuffer address,
                           mm::UserPtr<std::int32_t> address_size);
SyscallResult sys_sendmsg(int fd, mm::UserPtr<const net::UserMessage> message, std::uint32_t flags);
SyscallResult sys_recvmsg(int fd, mm::UserPtr<net::UserMessage> message, std::uint32_t flags);
SyscallResult sys_sendmmsg(int fd, mm::UserPtr<net::UserManyMessage> messages, std::uint32_t count,
                           std::uint32_t flags);
SyscallResult sys_recvmmsg(int fd, mm::UserPtr<net::UserManyMessage> messages, std::uint32_t count, std::uint32_t flags,
                           mm::UserPtr<Timespec> timeout);

inline constexpr Entry kSocketCalls[] = {
    row<sys_socket>(41, "socket"),
    row<sys_connect>(42, "connect"),
    row<sys_accept>(43, "accept"),
    row<sys_sendto>(44, "sendto"),
    row<sys_recvfrom>(45, "recvfrom"),
    row<sys_sendmsg>(46, "sendmsg"),
    row<sys_recvmsg>(47, "recvmsg"),
    row<sys_shutdown>(48, "shutdown"),
    row<sys_bind>(49, "bind"),
    row<sys_listen>(50, "listen"),
    row<sys_getsockname>(51, "getsockname"),
    row<sys_getpeername>(52, "getpeername"),
    row<sys_socketpair>(53, "socketpair"),
    row<sys_setsockopt>(54, "setsockopt"),
    row<sys_getsockopt>(55, "getsockopt"),
    row<sys_accept4>(288, "accept4"),
    row<sys_recvmmsg>(299, "recvmmsg"),
    row<sys_sendmmsg>(307, "sendmmsg"),
};

}  // namespace kernel::syscall
