#include "net/inet/loopback_transport.h"

#include "net/inet/counters.h"
#include "net/inet/packet_headers.h"
#include "net/inet/raw_packet.h"
#include "net/inet/raw_socket.h"
#include "net/inet/tcp_socket.h"
#include "net/inet/udp_socket.h"
#include "net/packet/packet_socket.h"

namespace kernel::net::inet {

namespace {

constinit LoopbackTransport g_loopback;

// Every socket that the datagram is for.
void deliver_to_all(PortTable& ports, const OutgoingDatagram& datagram) {
  const Endpoint& to = datagram.destination;
  const bool multicast = to.address.is_multicast();
  const auto is_all_hosts = [&] { return to.address == Address::v4_of(224, 0, 0, 1); };
  // A group that nobody has joined is not the device's business.
  if (multicast && !is_all_hosts()) {
    bool joined = false;
    ports.for_each([&](PortHolder& holder) {
      joined = joined || static_cast<DatagramSocket&>(holder).memberships().wants(to.address, datagram.source.address);
    });
    if (!joined) return;
  }
  ports.find(to.port, [&](PortHolder& holder) {
    auto& socket = static_cast<DatagramSocket&>(holder);
    if (socket.score(datagram.source, to) > 0 &&
        (!multicast || socket.memberships().receives(to.address, datagram.source.address, socket.ip_options())))
      socket.deliver(datagram);
    return false;
  });
}

DatagramSocket* find_receiver(PortTable& ports, const Endpoint& source, const Endpoint& destination) {
  int best = 0;
  std::uint32_t members = 0;
  DatagramSocket* found = nullptr;
  ports.find(destination.port, [&](PortHolder& holder) {
    auto& socket = static_cast<DatagramSocket&>(holder);
    const int fits = socket.score(source, destination);
    if (fits > best) best = fits, members = 0, found = &socket;
    if (fits == best && best > 0) ++members;
    return false;
  });
  if (members < 2 || !found->sharing().reuse_port) return found;
  std::uint32_t chosen = static_cast<std::uint32_t>(std::uint64_t{source.port * 2654435761u} * members >> 32);
  ports.find(destination.port, [&](PortHolder& holder) {
    auto& socket = static_cast<DatagramSocket&>(holder);
    if (socket.score(source, destination) != best) return false;
    found = &socket;
    return chosen-- == 0;
  });
  return found;
}

// False: nobody takes it.
bool deliver_to_ports(PortTable& ports, const OutgoingDatagram& datagram) {
  const Address& to = datagram.destination.address;
  if (to.is_multicast() || to.is_broadcast()) {
    // IP_MULTICAST_LOOP is for other devices: on this one everything comes back.
    deliver_to_all(ports, datagram);
    return true;
  }
  DatagramSocket* receiver = find_receiver(ports, datagram.source, datagram.destination);
  if (receiver) receiver->deliver(datagram);
  return receiver != nullptr;
}

}  // namespace

Transport* transport_to(const Address& destination, std::uint32_t device) {
  if (destination.is_loopback()) return &g_loopback;
  // There is no route for groups: the socket must have said where they are. IPv6 wants one all the same (ff00::/8, which
  // Linux gives to devices with IFF_MULTICAST only).
  const bool reaches_many = destination.is_v4() && (destination.is_multicast() || destination.is_broadcast());
  if (reaches_many && device == kLoopbackDevice) return &g_loopback;
  return nullptr;
}

bool is_own_address(const Address& address) {
  return address.is_loopback() || address.is_any() || address.is_multicast() ||
         address == Address::v4_of(255, 255, 255, 255);
}

Address LoopbackTransport::source_for(const Address& destination) const {
  return destination.is_v4() ? Address::v4_of(127, 0, 0, 1) : Address::v6_loopback();
}

Result<void> LoopbackTransport::connect(TcpSocket& socket) {
  if (TcpSocket* listener = tcp_table().find_listener(socket.remote(), socket.local())) {
    listener->take_connection(socket);
  } else if (socket.local() == socket.remote()) {
    socket.connected(socket);  // both ends at once (RFC 9293, 3.5)
  } else {
    ++g_tcp_counters.resets_sent;
    socket.refused(Errno::kConnRefused);
  }
  return {};
}

Result<void> LoopbackTransport::send(DatagramSocket& socket, OutgoingDatagram& datagram) {
  constexpr std::size_t kHeaders4 = 28, kHeaders6 = 48;  // of IP and UDP
  count_on_loopback(datagram.payload->bytes.size() + (datagram.destination.address.is_v4() ? kHeaders4 : kHeaders6));
  if (socket.type() == kRaw) {
    TRY(RawSocket::carry(datagram));
    OutgoingDatagram inside;
    if (datagram.protocol == kProtocolUdp && TRY(parse_udp(datagram, inside))) deliver_to_ports(udp_ports(), inside);
    return {};
  }
  const bool lite = socket.protocol() == kProtocolUdpLite;
  if (!lite) {
    if (packet::PacketSocket::any()) {
      const std::span<const std::byte> data = std::as_const(datagram.payload->bytes).span();
      packet::show_packet(udp_headers(datagram.source, datagram.destination, datagram.ttl, datagram.tos, data).span(),
                          data);
    }
    TRY(RawSocket::show_udp(datagram));
  }
  const bool counts = !lite && datagram.destination.address.is_v4();
  if (counts) ++g_udp_counters.sent;
  if (!deliver_to_ports(lite ? udp_lite_ports() : udp_ports(), datagram)) {
    if (counts) ++g_udp_counters.no_ports;
    socket.unreachable(datagram);
  }
  return {};
}

}  // namespace kernel::net::inet
