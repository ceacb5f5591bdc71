// Raw sockets (raw(7), with CAP_NET_RAW): whole IP packets of one protocol, which ping(8) needs for ICMP echo. The
// loopback answers echo requests to any of its addresses. What UDP sockets send is seen by raw sockets, and the other way
// round; TCP has no segments here that they could see.
#pragma once

#include "lib/global.h"
#include "lib/list.h"
#include "net/inet/datagram_socket.h"

namespace kernel::net::inet {

inline constexpr std::uint8_t kProtocolIcmp = 1, kProtocolIcmp6 = 58, kProtocolRaw = 255;

class RawSocket final : public DatagramSocket {
 public:
  // kPerm.
  static Result<Ref<Socket>> create(int family, int protocol);
  RawSocket(int family, int protocol);

  Result<void> bind(const SocketAddress& address) override;
  Result<SocketAddress> local_name() override;
  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  void closed() override;

  // For /proc/net/raw. visit(RawSocket&) does not sleep.
  template <typename Visit>
  static void for_each(Visit visit) {
    for (RawSocket& socket : *g_sockets) visit(socket);
  }

  // A packet without its IP header, from one of the guest's addresses to another: all raw sockets that it concerns get it,
  // and an echo request is answered.
  static Result<void> carry(const OutgoingDatagram& packet);
  // What a UDP socket has sent, for raw sockets of that protocol.
  static Result<void> show_udp(const OutgoingDatagram& datagram);

 private:
  // IPV6_CHECKSUM: where in a packet the kernel puts its checksum, and what it checks.
  static constexpr std::int32_t kNoChecksum = -1;

  PortTable* ports() const override { return nullptr; }
  Result<void> transmit(SendRequest& request, Ref<Payload> payload) override;
  Ref<Payload> filtered(const OutgoingDatagram& packet) const override;
  Result<void> set_checksum_offset(int level, const OptionInput& value);
  bool takes(const OutgoingDatagram& packet) const;
  static Result<void> deliver_to_all(const OutgoingDatagram& packet);
  static void show(const OutgoingDatagram& packet);

  std::uint32_t filter_ = 0;       // ICMP_FILTER: types that are not wanted
  std::uint32_t filter6_[8] = {};  // ICMP6_FILTER, the same
  std::int32_t checksum_offset_ = kNoChecksum;
  ListNode raw_link_;
  static constinit Global<List<RawSocket, &RawSocket::raw_link_>> g_sockets;
};

}  // namespace kernel::net::inet
