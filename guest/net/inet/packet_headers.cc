#include "net/inet/packet_headers.h"

namespace kernel::net::inet {

void Checksum::add(std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::uint32_t>(bytes[i]);
    sum_ += i % 2 == 0 ? value << 8 : value;
  }
}

void Checksum::add_pseudo_header(const Address& source, const Address& destination, std::uint8_t protocol,
                                 std::size_t size) {
  const std::size_t skipped = source.is_v4() ? 12 : 0;
  add(std::as_bytes(std::span(source.bytes())).subspan(skipped));
  add(std::as_bytes(std::span(destination.bytes())).subspan(skipped));
  add(protocol);
  add(static_cast<std::uint32_t>(size >> 16));
  add(static_cast<std::uint32_t>(size & 0xffff));
}

std::uint16_t Checksum::value() const {
  std::uint64_t sum = sum_;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void write_header4(std::span<std::byte> header, const IpFields& fields) {
  memset(header.data(), 0, kHeaderSize4);
  header[0] = std::byte{0x45};
  header[1] = static_cast<std::byte>(fields.tos);
  put_16(header, 2, kHeaderSize4 + fields.payload_size);
  header[8] = static_cast<std::byte>(fields.ttl);
  header[9] = static_cast<std::byte>(fields.protocol);
  const std::uint32_t source = fields.source.v4(), destination = fields.destination.v4();
  memcpy(&header[12], &source, sizeof source);
  memcpy(&header[16], &destination, sizeof destination);
  Checksum checksum;
  checksum.add(header.first(kHeaderSize4));
  put_16(header, 10, checksum.value());
}

void write_header6(std::span<std::byte> header, const IpFields& fields) {
  memset(header.data(), 0, kHeaderSize6);
  put_16(header, 0, 0x6000u | static_cast<unsigned>(fields.tos) << 4);
  put_16(header, 4, fields.payload_size);
  header[6] = static_cast<std::byte>(fields.protocol);
  header[7] = static_cast<std::byte>(fields.ttl);
  memcpy(&header[8], fields.source.bytes().data(), 16);
  memcpy(&header[24], fields.destination.bytes().data(), 16);
}

void write_udp_header(std::span<std::byte> header, const Endpoint& source, const Endpoint& destination,
                      std::span<const std::byte> payload) {
  put_16(header, 0, source.port);
  put_16(header, 2, destination.port);
  put_16(header, 4, kUdpHeaderSize + payload.size());
  put_16(header, 6, 0);
  Checksum checksum;
  checksum.add_pseudo_header(source.address, destination.address, kProtocolUdp, kUdpHeaderSize + payload.size());
  checksum.add(header.first(kUdpHeaderSize));
  checksum.add(payload);
  put_16(header, 6, checksum.value() ? checksum.value() : 0xffff);
}

void write_link_header(std::span<std::byte> header, std::uint16_t type) {
  memset(header.data(), 0, kLinkHeaderSize);  // the loopback device's address is all zero
  put_16(header, 12, type);
}

UdpHeaders udp_headers(const Endpoint& source, const Endpoint& destination, std::uint8_t ttl, std::uint8_t tos,
                       std::span<const std::byte> payload) {
  UdpHeaders headers;
  const bool v4 = destination.address.is_v4();
  headers.size = kLinkHeaderSize + (v4 ? kHeaderSize4 : kHeaderSize6) + kUdpHeaderSize;
  const std::span<std::byte> bytes = std::span(headers.bytes).first(headers.size);
  const std::span<std::byte> ip = bytes.subspan(kLinkHeaderSize);
  write_link_header(bytes, v4 ? kLinkType4 : kLinkType6);
  (v4 ? write_header4 : write_header6)(ip, {.source = source.address,
                                            .destination = destination.address,
                                            .protocol = kProtocolUdp,
                                            .ttl = ttl,
                                            .tos = tos,
                                            .payload_size = kUdpHeaderSize + payload.size()});
  write_udp_header(bytes.last(kUdpHeaderSize), source, destination, payload);
  return headers;
}

}  // namespace kernel::net::inet
