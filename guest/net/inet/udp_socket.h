// UDP sockets (udp(7)), and those of UDP-Lite (RFC 3828), whose checksum need not cover all of a datagram: ports of their own, and how much is
// covered is an option of the sender and of the receiver.
#pragma once

#include <cstdint>
#include <optional>

#include "net/inet/datagram_socket.h"
#include "net/inet/packet_headers.h"
#include "net/inet/ports.h"

namespace kernel::net::inet {

PortTable& udp_ports();
PortTable& udp_lite_ports();

class UdpSocket final : public DatagramSocket {
 public:
  // `protocol` is kProtocolUdp or kProtocolUdpLite.
  static Result<Ref<Socket>> create(int family, int protocol);
  UdpSocket(int family, int protocol) : DatagramSocket(family, kDatagram, protocol) {}

  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;

 private:
  bool is_lite() const { return protocol() == kProtocolUdpLite; }
  PortTable* ports() const override { return is_lite() ? &udp_lite_ports() : &udp_ports(); }
  std::size_t header_size() const override { return kUdpHeaderSize; }
  Result<void> transmit(SendRequest& request, Ref<Payload> payload) override;
  bool accepts(const OutgoingDatagram& datagram) const override;

  // UDPLITE_RECV_CSCOV, once it is set: 0 is all.
  std::optional<std::uint16_t> least_coverage_;
};

}  // namespace kernel::net::inet
