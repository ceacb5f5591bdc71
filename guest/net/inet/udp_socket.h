// UDP sockets (udp(7)).
#pragma once

#include "net/inet/datagram_socket.h"
#include "net/inet/ports.h"

namespace kernel::net::inet {

PortTable& udp_ports();

class UdpSocket final : public DatagramSocket {
 public:
  static Result<Ref<Socket>> create(int family);
  UdpSocket(int family, int protocol) : DatagramSocket(family, kDatagram, protocol) {}

  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;

 private:
  static constexpr std::size_t kHeader = 8;
  PortTable* ports() const override { return &udp_ports(); }
  std::size_t header_size() const override { return kHeader; }
};

}  // namespace kernel::net::inet
