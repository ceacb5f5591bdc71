// System calls on sockets of all families.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kFamily = choice<AF_UNIX, AF_UNIX, AF_INET, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, 0, 45>();
constexpr Argument kType = choice<SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW, SOCK_STREAM | SOCK_NONBLOCK,
                                  SOCK_DGRAM | SOCK_CLOEXEC, SOCK_SEQPACKET | SOCK_NONBLOCK, 10>();
constexpr Argument kProtocol =
    choice<0, 0, 0, 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_UDPLITE, 255, 256>();
constexpr Argument kTransferFlags =
    flags<MSG_DONTWAIT, MSG_DONTWAIT, MSG_DONTWAIT, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_CTRUNC, MSG_WAITALL, MSG_NOSIGNAL,
          MSG_CMSG_CLOEXEC, MSG_EOR, MSG_MORE, MSG_ERRQUEUE, MSG_WAITFORONE, MSG_FASTOPEN, MSG_ZEROCOPY, MSG_CONFIRM>();
constexpr Argument kLevel =
    choice<SOL_SOCKET, SOL_SOCKET, SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, 270, 255, 58>();
constexpr Argument kOption = up_to<80>();
constexpr Argument kFilterOption =
    choice<SO_ATTACH_FILTER, SO_ATTACH_FILTER, SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER>();
constexpr Argument kOptionLength = choice<4, 4, 4, 1, 8, 16, 0, 20, 136, 0xffffffff>();
constexpr Argument kNewFlags = flags<SOCK_NONBLOCK, SOCK_CLOEXEC>();

constexpr Description kRows[] = {
    {SYS_socket, "socket", 10, 0, {kFamily, kType, kProtocol}},
    {SYS_socketpair, "socketpair", 5, 0, {choice<AF_UNIX, AF_UNIX, AF_UNIX, AF_INET>(), kType, kProtocol, kOut}},
    {SYS_bind, "bind", 10, 0, {kFd, kSocketAddress, kSocketLength}},
    {SYS_connect, "connect", 10, kBlocks, {kFd, kSocketAddress, kSocketLength}},
    {SYS_listen, "listen", 6, 0, {kFd, kSmall}},
    {SYS_accept, "accept", 5, kBlocks, {kFd, kOut, kIn}},
    {SYS_accept4, "accept4", 5, kBlocks, {kFd, kOut, kIn, kNewFlags}},
    {SYS_getsockname, "getsockname", 3, 0, {kFd, kOut, kIn}},
    {SYS_getpeername, "getpeername", 3, 0, {kFd, kOut, kIn}},
    {SYS_sendto, "sendto", 10, kBlocks, {kFd, kIn, kLength, kTransferFlags, kSocketAddress, kSocketLength}},
    {SYS_sendto, "sendto", 4, kBlocks, {kFd, kIn, kLength, kTransferFlags, choice<0, 0>(), choice<0, 0>()}},
    {SYS_recvfrom, "recvfrom", 10, kBlocks, {kFd, kOut, kLength, kTransferFlags, kOut, kIn}},
    {SYS_sendmsg, "sendmsg", 12, kBlocks, {kFd, kMessage, kTransferFlags}},
    {SYS_recvmsg, "recvmsg", 12, kBlocks, {kFd, kMessage, kTransferFlags}},
    {SYS_sendmmsg, "sendmmsg", 4, kBlocks, {kFd, kMessages, kCount, kTransferFlags}},
    {SYS_recvmmsg, "recvmmsg", 4, kBlocks, {kFd, kMessages, kCount, kTransferFlags, kTimespec}},
    {SYS_shutdown, "shutdown", 5, 0, {kFd, up_to<4>()}},
    {SYS_setsockopt, "setsockopt", 14, 0, {kFd, kLevel, kOption, kIn, kOptionLength}},
    {SYS_setsockopt,
     "setsockopt",
     4,
     0,
     {kFd, choice<SOL_SOCKET>(), kFilterOption, kFilter, choice<16, 16, 16, 8, 4>()}},
    {SYS_sendto,
     "sendto",
     4,
     0,
     {kFd, kNetlinkRequest, choice<16, 20, 24, 32, 48, 72, 128>(), kTransferFlags, choice<0, 0>(), choice<0, 0>()}},
    {SYS_getsockopt, "getsockopt", 8, 0, {kFd, kLevel, kOption, kOut, kIn}},
    {SYS_ioctl,
     "ioctl",
     4,
     0,
     {kFd,
      choice<0x8901, 0x8902, 0x8903, 0x8904, 0x8905, 0x8906, 0x8910, 0x8912, 0x8913, 0x8915, 0x891b, 0x8921, 0x8927,
             0x8933, 0x541b, 0x5411, 0x89a0>(),
      kIn}},
};

}  // namespace

constinit const Table kSocketTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
