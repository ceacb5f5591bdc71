// The guest's own loopback: what is sent is there at once.
#pragma once

#include "net/inet/transport.h"

namespace kernel::net::inet {

class LoopbackTransport final : public Transport {
 public:
  Address source_for(const Address& destination) const override;
  Result<void> connect(TcpSocket& socket) override;
  Result<void> send(DatagramSocket& socket, OutgoingDatagram& datagram) override;
};

}  // namespace kernel::net::inet
