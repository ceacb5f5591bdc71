#include "net/inet/raw_socket.h"

#include <algorithm>
#include <utility>

namespace kernel::net::inet {

namespace {

constexpr int kFilterOption = 1;  // ICMP_FILTER, ICMP6_FILTER
constexpr std::size_t kV4Header = 20, kEchoHeader = 8;
constexpr std::uint8_t kEchoRequest = 8, kEchoReply = 0;
constexpr std::uint8_t kEchoRequest6 = 128, kEchoReply6 = 129;

// RFC 1071.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const auto value = std::to_integer<std::uint32_t>(bytes[i]);
      sum_ += i % 2 == 0 ? value << 8 : value;
    }
  }
  void add(std::uint32_t number) { sum_ += number; }
  std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

void put_16(std::span<std::byte> bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value);
}

// An ICMP message's checksum, at its third byte; ICMPv6's covers the addresses, too (RFC 4443, 2.3).
void set_checksum(Payload& message, const OutgoingDatagram& datagram) {
  const std::span<std::byte> bytes = message.bytes.span();
  if (bytes.size() < 4) return;
  put_16(bytes, 2, 0);
  Checksum checksum;
  checksum.add(bytes);
  if (!datagram.destination.address.is_v4()) {
    checksum.add(std::as_bytes(std::span(datagram.source.address.bytes())));
    checksum.add(std::as_bytes(std::span(datagram.destination.address.bytes())));
    checksum.add(static_cast<std::uint32_t>(bytes.size() + kProtocolIcmp6));
  }
  put_16(bytes, 2, checksum.value());
}

Result<Ref<Payload>> with_v4_header(const OutgoingDatagram& datagram, int protocol) {
  Ref<Payload> packet = TRY(make_ref<Payload>());
  TRY(packet->bytes.resize(kV4Header));
  TRY(packet->bytes.append(std::as_const(datagram.payload->bytes).span()));
  const std::span<std::byte> header = packet->bytes.span().first(kV4Header);
  header[0] = std::byte{0x45};
  header[1] = static_cast<std::byte>(datagram.tos);
  put_16(header, 2, packet->bytes.size());
  header[8] = static_cast<std::byte>(datagram.ttl);
  header[9] = static_cast<std::byte>(protocol);
  const std::uint32_t source = datagram.source.address.v4(), destination = datagram.destination.address.v4();
  memcpy(&header[12], &source, sizeof source);
  memcpy(&header[16], &destination, sizeof destination);
  Checksum checksum;
  checksum.add(header);
  put_16(header, 10, checksum.value());
  return packet;
}

}  // namespace

constinit Global<List<RawSocket, &RawSocket::raw_link_>> RawSocket::g_sockets;

Result<Ref<Socket>> RawSocket::create(int family, int protocol) {
  if (!task::current().credentials.can(task::Capability::kNetRaw)) return Errno::kPerm;
  if (SocketCount::too_many()) return Errno::kNoBufs;
  return Ref<Socket>(TRY(make_ref<RawSocket>(family, protocol)));
}

RawSocket::RawSocket(int family, int protocol) : DatagramSocket(family, kRaw, protocol) {
  g_sockets->push_back(*this);
}

void RawSocket::closed() {
  raw_link_.unlink();
  DatagramSocket::closed();
}

Result<void> RawSocket::transmit(SendRequest& request, Ref<Payload> payload) {
  Transport* transport = TRY(route(request.destination));
  if (ip_.header_included && !is_v6()) {
    // The header is the kernel's in all but what no receiver here looks at.
    if (payload->bytes.size() < kV4Header) return Errno::kInval;
    const auto length = (std::to_integer<std::size_t>(payload->bytes[0]) & 15) * 4;
    if (length < kV4Header || length > payload->bytes.size()) return Errno::kInval;
    payload->bytes.erase(0, length);
  }
  OutgoingDatagram datagram;
  datagram.destination = request.destination;
  datagram.source.address = !request.source.is_any()   ? request.source
                            : !local_.address.is_any() ? local_.address
                                                       : transport->source_for(request.destination.address);
  datagram.ttl = request.ttl;
  datagram.tos = request.tos;
  datagram.payload = std::move(payload);
  if (protocol() == kProtocolIcmp6) set_checksum(*datagram.payload, datagram);
  return transport->send(*this, datagram);
}

bool RawSocket::takes(int packet_protocol, const OutgoingDatagram& datagram) const {
  const Address& to = datagram.destination.address;
  if (protocol() != packet_protocol || is_v6() == to.is_v4()) return false;
  if (!local_.address.is_any() && local_.address != to) return false;
  if (state_ == TcpState::kEstablished && remote_.address != datagram.source.address) return false;
  if (datagram.payload->bytes.empty()) return true;
  const auto type = std::to_integer<std::uint32_t>(datagram.payload->bytes[0]);
  if (packet_protocol == kProtocolIcmp) return type >= 32 || !(filter_ >> type & 1);
  if (packet_protocol == kProtocolIcmp6) return !(filter6_[type / 32] >> type % 32 & 1);
  return true;
}

Result<void> RawSocket::deliver_to_all(int protocol, const OutgoingDatagram& datagram) {
  OutgoingDatagram received = datagram;
  if (datagram.destination.address.is_v4()) received.payload = TRY(with_v4_header(datagram, protocol));
  for (RawSocket& socket : *g_sockets) {
    if (socket.takes(protocol, datagram)) socket.deliver(received);
  }
  return {};
}

Result<void> RawSocket::send(int protocol, const OutgoingDatagram& datagram) {
  TRY(deliver_to_all(protocol, datagram));
  const Vector<std::byte>& message = datagram.payload->bytes;
  const bool v4 = protocol == kProtocolIcmp;
  if ((!v4 && protocol != kProtocolIcmp6) || message.size() < kEchoHeader) return {};
  if (message[0] != static_cast<std::byte>(v4 ? kEchoRequest : kEchoRequest6)) return {};
  OutgoingDatagram reply = datagram;
  std::swap(reply.source.address, reply.destination.address);
  if (reply.source.address.is_multicast() || reply.source.address.is_broadcast()) return {};
  reply.ttl = kDefaultTtl;
  reply.payload = TRY(make_ref<Payload>());
  TRY(reply.payload->bytes.append(message.span()));
  reply.payload->bytes[0] = static_cast<std::byte>(v4 ? kEchoReply : kEchoReply6);
  set_checksum(*reply.payload, reply);
  return deliver_to_all(protocol, reply);
}

Result<void> RawSocket::set_option(int level, int name, const OptionInput& value) {
  if (level == kLevelRaw && name == kFilterOption && protocol() == kProtocolIcmp) {
    filter_ = TRY(value.value<std::uint32_t>());
    return {};
  }
  if (level == kProtocolIcmp6 && name == kFilterOption && is_v6()) {
    const std::size_t size = std::min(value.size(), sizeof filter6_);
    return mm::copy_from_user(filter6_, value.address().address(), size);
  }
  constexpr int kChecksumOption = 7;  // IPV6_CHECKSUM: ICMPv6's is where it is
  if (level == kLevelIp6 && name == kChecksumOption && protocol() == kProtocolIcmp6) return Errno::kInval;
  return DatagramSocket::set_option(level, name, value);
}

Result<void> RawSocket::get_option(int level, int name, OptionOutput& value) {
  if (level == kLevelRaw && name == kFilterOption && protocol() == kProtocolIcmp) return value.put_value(filter_);
  if (level == kProtocolIcmp6 && name == kFilterOption && is_v6()) return value.put(std::as_bytes(std::span(filter6_)));
  return DatagramSocket::get_option(level, name, value);
}

}  // namespace kernel::net::inet
