#include "net/inet/inet_family.h"

#include "net/inet/packet_headers.h"
#include "net/inet/raw_socket.h"
#include "net/inet/tcp_socket.h"
#include "net/inet/udp_socket.h"

namespace kernel::net::inet {

namespace {

constexpr int kProtocolTcp = 6, kMostProtocol = 256;  // IPPROTO_MAX is 263, for MPTCP and such

// inet_create() of Linux: a protocol of the type, or why there is none.
Result<Ref<Socket>> create(int family, int type, int protocol) {
  if (protocol < 0 || protocol >= kMostProtocol + 7) return Errno::kInval;
  switch (type) {
    case kStream:
      if (protocol == 0 || protocol == kProtocolTcp) return TcpSocket::create(family);
      return Errno::kProtoNoSupport;
    case kDatagram:
      if (protocol == 0 || protocol == kProtocolUdp) return UdpSocket::create(family, kProtocolUdp);
      if (protocol == kProtocolUdpLite) return UdpSocket::create(family, kProtocolUdpLite);
      // net.ipv4.ping_group_range is "1 0", nobody, where no one has set it.
      if (protocol == (family == kInet ? kProtocolIcmp : kProtocolIcmp6)) return Errno::kAcces;
      return Errno::kProtoNoSupport;
    case kRaw:
      if (protocol == 0) return Errno::kProtoNoSupport;
      return RawSocket::create(family, protocol);
    default:
      return Errno::kSockTNoSupport;
  }
}

}  // namespace

Result<Ref<Socket>> create_inet(int type, int protocol) {
  return create(kInet, type, protocol);
}

Result<Ref<Socket>> create_inet6(int type, int protocol) {
  return create(kInet6, type, protocol);
}

}  // namespace kernel::net::inet
