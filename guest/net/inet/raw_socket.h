// Raw sockets (raw(7), with CAP_NET_RAW): whole IP packets of one protocol, which ping(8) needs for ICMP echo. The
// loopback answers echo requests to any of its addresses.
#pragma once

#include "lib/global.h"
#include "lib/list.h"
#include "net/inet/datagram_socket.h"

namespace kernel::net::inet {

inline constexpr int kProtocolIcmp = 1, kProtocolIcmp6 = 58;

class RawSocket final : public DatagramSocket {
 public:
  // kPerm.
  static Result<Ref<Socket>> create(int family, int protocol);
  RawSocket(int family, int protocol);

  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  void closed() override;

  // A packet of the protocol, without its header, from one of the guest's addresses to another: all raw sockets that it
  // concerns get it, and a request is answered.
  static Result<void> send(int protocol, const OutgoingDatagram& datagram);

 private:
  PortTable* ports() const override { return nullptr; }
  Result<void> transmit(SendRequest& request, Ref<Payload> payload) override;
  bool takes(int protocol, const OutgoingDatagram& datagram) const;
  static Result<void> deliver_to_all(int protocol, const OutgoingDatagram& datagram);

  std::uint32_t filter_ = 0;       // ICMP_FILTER: types that are not wanted
  std::uint32_t filter6_[8] = {};  // ICMP6_FILTER, the same
  ListNode raw_link_;
  static constinit Global<List<RawSocket, &RawSocket::raw_link_>> g_sockets;
};

}  // namespace kernel::net::inet
