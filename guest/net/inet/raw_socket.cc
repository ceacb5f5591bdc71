#include "net/inet/raw_socket.h"

#include <algorithm>
#include <utility>

#include "net/inet/packet_headers.h"
#include "net/inet/raw_packet.h"
#include "net/packet/packet_socket.h"

namespace kernel::net::inet {

namespace {

constexpr int kFilterOption = 1;                           // ICMP_FILTER, ICMP6_FILTER
constexpr int kChecksumOption = 7, kHeaderIncluded6 = 36;  // IPV6_CHECKSUM, IPV6_HDRINCL
constexpr std::size_t kEchoHeader = 8, kChecksumAt = 2;    // of ICMP and ICMPv6
constexpr std::uint8_t kEchoRequest = 8, kEchoReply = 0;
constexpr std::uint8_t kEchoRequest6 = 128, kEchoReply6 = 129;

std::uint16_t icmp_checksum(const OutgoingDatagram& packet) {
  if (!packet.destination.address.is_v4()) return checksum_with_pseudo_header(packet);
  Checksum checksum;
  checksum.add(std::as_const(packet.payload->bytes).span());
  return checksum.value();
}

// Null if memory is lacking.
Ref<Payload> with_v4_header(const OutgoingDatagram& packet) {
  auto made = make_ref<Payload>();
  if (!made) return nullptr;
  Vector<std::byte>& bytes = made.value()->bytes;
  const std::span<const std::byte> contents = std::as_const(packet.payload->bytes).span();
  if (packet.header) {
    if (!bytes.append(std::as_const(packet.header->bytes).span())) return nullptr;
  } else {
    if (!bytes.resize(kHeaderSize4)) return nullptr;
    write_header4(bytes.span(), {.source = packet.source.address,
                                 .destination = packet.destination.address,
                                 .protocol = packet.protocol,
                                 .ttl = packet.ttl,
                                 .tos = packet.tos,
                                 .payload_size = contents.size()});
  }
  if (!bytes.append(contents)) return nullptr;
  return made.take();
}

}  // namespace

constinit Global<List<RawSocket, &RawSocket::raw_link_>> RawSocket::g_sockets;

Result<Ref<Socket>> RawSocket::create(int family, int protocol) {
  if (!task::current().credentials.can(task::Capability::kNetRaw)) return Errno::kPerm;
  if (SocketCount::too_many()) return Errno::kNoBufs;
  return Ref<Socket>(TRY(make_ref<RawSocket>(family, protocol)));
}

RawSocket::RawSocket(int family, int protocol) : DatagramSocket(family, kRaw, protocol) {
  ip_.header_included = protocol == kProtocolRaw;
  if (protocol == kProtocolIcmp6) checksum_offset_ = kChecksumAt;
  g_sockets->push_back(*this);
}

void RawSocket::closed() {
  raw_link_.unlink();
  DatagramSocket::closed();
}

// rawv6_bind() of Linux.
Result<void> RawSocket::bind(const SocketAddress& address) {
  if (is_v6() && address.size() >= kLeastInet6Address) {
    if (address.family() != kInet6) return Errno::kInval;
    if (inet6_endpoint(address).address.is_v4()) return Errno::kAddrNotAvail;
  }
  return DatagramSocket::bind(address);
}

// The protocol is where others have the port.
Result<SocketAddress> RawSocket::local_name() {
  Endpoint name = local_;
  name.port = static_cast<std::uint16_t>(protocol());
  return to_socket_address(name, family());
}

Result<void> RawSocket::transmit(SendRequest& request, Ref<Payload> payload) {
  Transport* transport = TRY(route(request.destination, request.source));
  OutgoingDatagram packet;
  packet.destination.address = request.destination.address;
  packet.source.address = !request.source.is_any()   ? request.source
                          : !local_.address.is_any() ? local_.address
                                                     : transport->source_for(request.destination.address);
  packet.ttl = request.ttl;
  packet.tos = request.tos;
  packet.mark = options_.mark;
  packet.protocol = static_cast<std::uint8_t>(protocol());
  packet.payload = std::move(payload);
  if (ip_.header_included) {
    if (!TRY(split_header(packet, is_v6()))) return {};
  } else if (checksum_offset_ != kNoChecksum) {
    const auto at = static_cast<std::size_t>(checksum_offset_);
    Vector<std::byte>& bytes = packet.payload->bytes;
    if (bytes.size() < 2 || at > bytes.size() - 2) return Errno::kInval;
    put_16(bytes.span(), at, 0);
    const std::uint16_t checksum = checksum_with_pseudo_header(packet);
    put_16(bytes.span(), at, checksum == 0 && protocol() == kProtocolUdp ? 0xffff : checksum);
  }
  return transport->send(*this, packet);
}

bool RawSocket::takes(const OutgoingDatagram& packet) const {
  const Address& to = packet.destination.address;
  if (protocol() != packet.protocol || is_v6() == to.is_v4()) return false;
  if (!local_.address.is_any() && local_.address != to) return false;
  if (state_ == TcpState::kEstablished && remote_.address != packet.source.address) return false;
  if (checksum_offset_ != kNoChecksum && checksum_with_pseudo_header(packet) != 0) return false;
  if (packet.payload->bytes.empty()) return true;
  const auto type = std::to_integer<std::uint32_t>(packet.payload->bytes[0]);
  if (packet.protocol == kProtocolIcmp) return type >= 32 || !(filter_ >> type & 1);
  if (packet.protocol == kProtocolIcmp6) return !(filter6_[type / 32] >> type % 32 & 1);
  return true;
}

Result<void> RawSocket::deliver_to_all(const OutgoingDatagram& packet) {
  OutgoingDatagram received = packet;
  received.payload = nullptr;
  for (RawSocket& socket : *g_sockets) {
    if (!socket.takes(packet)) continue;
    if (!received.payload) {
      received.payload = socket.is_v6() ? packet.payload : with_v4_header(packet);
      if (!received.payload) return Errno::kNoBufs;
    }
    socket.deliver(received);
  }
  return {};
}

Result<void> RawSocket::show_udp(const OutgoingDatagram& datagram) {
  bool wanted = false;
  for_each([&](const RawSocket& socket) { wanted = wanted || socket.protocol() == kProtocolUdp; });
  if (!wanted) return {};
  const std::span<const std::byte> data = std::as_const(datagram.payload->bytes).span();
  OutgoingDatagram packet = datagram;
  packet.protocol = kProtocolUdp;
  packet.source.port = packet.destination.port = 0;
  packet.payload = TRY(make_ref<Payload>());
  TRY(packet.payload->bytes.resize(kUdpHeaderSize));
  write_udp_header(packet.payload->bytes.span(), datagram.source, datagram.destination, data);
  TRY(packet.payload->bytes.append(data));
  return deliver_to_all(packet);
}

// The packet, for packet sockets.
void RawSocket::show(const OutgoingDatagram& packet) {
  if (!packet::PacketSocket::any()) return;
  const bool v4 = packet.destination.address.is_v4();
  std::array<std::byte, kLinkHeaderSize + kHeaderSize6> headers{};
  write_link_header(headers, v4 ? kLinkType4 : kLinkType6);
  const std::span<std::byte> ip = std::span(headers).subspan(kLinkHeaderSize);
  const IpFields fields{.source = packet.source.address,
                        .destination = packet.destination.address,
                        .protocol = packet.protocol,
                        .ttl = packet.ttl,
                        .tos = packet.tos,
                        .payload_size = packet.payload->bytes.size()};
  (v4 ? write_header4 : write_header6)(ip, fields);
  packet::show_packet(std::span(headers).first(kLinkHeaderSize + (v4 ? kHeaderSize4 : kHeaderSize6)),
                      std::as_const(packet.payload->bytes).span());
}

Result<void> RawSocket::carry(const OutgoingDatagram& packet) {
  show(packet);
  TRY(deliver_to_all(packet));
  const Vector<std::byte>& message = packet.payload->bytes;
  const bool v4 = packet.protocol == kProtocolIcmp;
  if ((!v4 && packet.protocol != kProtocolIcmp6) || message.size() < kEchoHeader) return {};
  if (message[0] != static_cast<std::byte>(v4 ? kEchoRequest : kEchoRequest6) || icmp_checksum(packet) != 0) return {};
  OutgoingDatagram reply = packet;
  std::swap(reply.source.address, reply.destination.address);
  if (reply.source.address.is_multicast() || reply.source.address.is_broadcast()) return {};
  if (!transport_to(reply.destination.address)) return {};  // a source that was made up
  reply.ttl = kDefaultTtl;
  reply.header = nullptr;
  reply.payload = TRY(make_ref<Payload>());
  TRY(reply.payload->bytes.append(message.span()));
  const std::span<std::byte> bytes = reply.payload->bytes.span();
  bytes[0] = static_cast<std::byte>(v4 ? kEchoReply : kEchoReply6);
  put_16(bytes, kChecksumAt, 0);
  put_16(bytes, kChecksumAt, icmp_checksum(reply));
  show(reply);
  return deliver_to_all(reply);
}

Ref<Payload> RawSocket::filtered(const OutgoingDatagram& packet) const {
  std::array<std::byte, kLinkHeaderSize + kHeaderSize6> headers{};
  write_link_header(headers, is_v6() ? kLinkType6 : kLinkType4);
  // The payload of IPv4 has its header.
  if (!is_v6()) return filtered_behind(std::span(headers).first(kLinkHeaderSize), kLinkHeaderSize, packet);
  const std::span<std::byte> ip = std::span(headers).subspan(kLinkHeaderSize);
  if (packet.header) {
    std::copy_n(packet.header->bytes.data(), kHeaderSize6, ip.data());
  } else {
    write_header6(ip, {.source = packet.source.address,
                       .destination = packet.destination.address,
                       .protocol = packet.protocol,
                       .ttl = packet.ttl,
                       .tos = packet.tos,
                       .payload_size = packet.payload->bytes.size()});
  }
  return filtered_behind(headers, headers.size(), packet);
}

// do_rawv6_setsockopt() of Linux.
Result<void> RawSocket::set_checksum_offset(int level, const OptionInput& value) {
  const std::int32_t offset = TRY(value.integer());
  if (protocol() == kProtocolIcmp6 && level == kLevelIp6) return Errno::kInval;  // ICMPv6's is where it is
  if (offset > 0 && offset % 2 != 0) return Errno::kInval;
  checksum_offset_ = offset < 0 ? kNoChecksum : offset;
  return {};
}

Result<void> RawSocket::set_option(int level, int name, const OptionInput& value) {
  if (is_v6()) {
    if ((level == kLevelIp6 || level == kLevelRaw) && name == kChecksumOption) return set_checksum_offset(level, value);
    if ((level == kLevelIp6 || level == kLevelRaw) && name == kHeaderIncluded6) {
      ip_.header_included = TRY(value.flag());
      return {};
    }
    if (level == kProtocolIcmp6) {
      if (protocol() != kProtocolIcmp6) return Errno::kOpNotSupp;
      if (name != kFilterOption) return Errno::kNoProtoOpt;
      return mm::copy_from_user(filter6_, value.address().address(), std::min(value.size(), sizeof filter6_));
    }
    if (level == kLevelIp) return Errno::kNoProtoOpt;
  } else if (level == kLevelRaw) {
    if (name != kFilterOption) return Errno::kNoProtoOpt;
    if (protocol() != kProtocolIcmp) return Errno::kOpNotSupp;
    return mm::copy_from_user(&filter_, value.address().address(), std::min(value.size(), sizeof filter_));
  }
  return DatagramSocket::set_option(level, name, value);
}

Result<void> RawSocket::get_option(int level, int name, OptionOutput& value) {
  if (is_v6()) {
    if ((level == kLevelIp6 || level == kLevelRaw) && name == kChecksumOption)
      return value.put_integer(checksum_offset_);
    if ((level == kLevelIp6 || level == kLevelRaw) && name == kHeaderIncluded6)
      return value.put_integer(ip_.header_included);
    if (level == kProtocolIcmp6) {
      if (protocol() != kProtocolIcmp6) return Errno::kOpNotSupp;
      if (name != kFilterOption) return Errno::kNoProtoOpt;
      return value.put(std::as_bytes(std::span(filter6_)));
    }
    if (level == kLevelIp) return Errno::kNoProtoOpt;
  } else if (level == kLevelRaw) {
    if (name != kFilterOption) return Errno::kNoProtoOpt;
    if (protocol() != kProtocolIcmp) return Errno::kOpNotSupp;
    return value.put_value(filter_);
  }
  return DatagramSocket::get_option(level, name, value);
}

}  // namespace kernel::net::inet
