#include "net/inet/raw_packet.h"

#include <utility>

#include "lib/random.h"
#include "net/inet/packet_headers.h"

namespace kernel::net::inet {

namespace {

Address v4_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t address;
  memcpy(&address, &bytes[at], sizeof address);
  return Address::of_v4(address);
}

Address v6_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint8_t address[16];
  memcpy(address, &bytes[at], sizeof address);
  return Address::of_bytes(address);
}

void set_checksum4(std::span<std::byte> header) {
  put_16(header, 10, 0);
  Checksum checksum;
  checksum.add(header);
  put_16(header, 10, checksum.value());
}

}  // namespace

Result<bool> split_header(OutgoingDatagram& packet, bool v6) {
  Vector<std::byte>& bytes = packet.payload->bytes;
  if (bytes.size() < (v6 ? kHeaderSize6 : kHeaderSize4)) return Errno::kInval;
  const auto first = std::to_integer<unsigned>(bytes[0]);
  std::size_t size = kHeaderSize6;
  if (!v6) {
    size = (first & 15) * std::size_t{4};
    if (size < kHeaderSize4 || size > bytes.size()) return Errno::kInval;
  }
  if (first >> 4 != (v6 ? 6 : 4)) return false;
  packet.header = TRY(make_ref<Payload>());
  TRY(packet.header->bytes.append(std::as_const(bytes).span().first(size)));
  const std::span<std::byte> header = packet.header->bytes.span();
  if (v6) {
    const std::size_t length = get_16(header, 4);
    if (length > bytes.size() - size) return false;
    bytes.shrink(size + length);
    packet.protocol = std::to_integer<std::uint8_t>(header[6]);
    packet.ttl = std::to_integer<std::uint8_t>(header[7]);
    packet.tos = static_cast<std::uint8_t>(get_16(header, 0) >> 4);
    packet.source.address = v6_at(header, 8);
    packet.destination.address = v6_at(header, 24);
  } else {
    put_16(header, 2, bytes.size());
    if (get_16(header, 4) == 0) put_16(header, 4, random_value<std::uint16_t>() | 1u);
    const std::uint32_t own = packet.source.address.v4();
    if (v4_at(header, 12).is_any()) memcpy(&header[12], &own, sizeof own);
    set_checksum4(header);
    constexpr std::uint16_t kFragment = 0x3fff;  // there is more of it, or it does not begin here
    if (get_16(header, 6) & kFragment) return false;
    packet.protocol = std::to_integer<std::uint8_t>(header[9]);
    packet.ttl = std::to_integer<std::uint8_t>(header[8]);
    packet.tos = std::to_integer<std::uint8_t>(header[1]);
    packet.source.address = v4_at(header, 12);
    packet.destination.address = v4_at(header, 16);
  }
  bytes.erase(0, size);
  return true;
}

std::uint16_t checksum_with_pseudo_header(const OutgoingDatagram& packet) {
  const std::span<const std::byte> bytes = std::as_const(packet.payload->bytes).span();
  Checksum checksum;
  checksum.add_pseudo_header(packet.source.address, packet.destination.address, packet.protocol, bytes.size());
  checksum.add(bytes);
  return checksum.value();
}

Result<bool> parse_udp(const OutgoingDatagram& packet, OutgoingDatagram& datagram) {
  const std::span<const std::byte> bytes = std::as_const(packet.payload->bytes).span();
  if (bytes.size() < kUdpHeaderSize) return false;
  const std::size_t length = get_16(bytes, 4);
  if (length < kUdpHeaderSize || length > bytes.size()) return false;
  datagram = packet;
  datagram.payload = TRY(make_ref<Payload>());
  TRY(datagram.payload->bytes.append(bytes.first(length)));
  // Without a checksum it is taken by IPv4 only (RFC 8200, 8.1).
  const bool has_checksum = get_16(bytes, 6) != 0;
  if (has_checksum ? checksum_with_pseudo_header(datagram) != 0 : !packet.destination.address.is_v4()) return false;
  datagram.source.port = get_16(bytes, 0);
  datagram.destination.port = get_16(bytes, 2);
  datagram.payload->bytes.erase(0, kUdpHeaderSize);
  return true;
}

}  // namespace kernel::net::inet
