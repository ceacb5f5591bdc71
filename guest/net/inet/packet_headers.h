// The headers of IP and UDP that nothing here sends, for who looks at packets: filters (net/socket_filter.h) and raw
// sockets (RFC 791, 8200, 768).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/inet/address.h"

namespace kernel::net::inet {

inline constexpr std::uint8_t kProtocolUdp = 17, kProtocolUdpLite = 136;
inline constexpr std::size_t kHeaderSize4 = 20, kHeaderSize6 = 40, kUdpHeaderSize = 8;
inline constexpr std::size_t kLinkHeaderSize = 14;                        // Ethernet's, of the loopback device
inline constexpr std::uint16_t kLinkType4 = 0x0800, kLinkType6 = 0x86dd;  // ETH_P_IP, ETH_P_IPV6

// RFC 1071: the sum of 16-bit numbers.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes);  // of an odd size: the last ones
  void add(std::uint32_t number) { sum_ += number; }
  // With what is before the payload of UDP and ICMPv6 in spirit.
  void add_pseudo_header(const Address& source, const Address& destination, std::uint8_t protocol, std::size_t size);
  std::uint16_t value() const;

 private:
  std::uint64_t sum_ = 0;
};

inline void put_16(std::span<std::byte> bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value);
}
inline std::uint16_t get_16(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                    std::to_integer<unsigned>(bytes[at + 1]));
}

struct IpFields {
  Address source, destination;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 0;
  std::uint8_t tos = 0;
  std::size_t payload_size = 0;
};

// 20 bytes, without options, and 40 bytes.
void write_header4(std::span<std::byte> header, const IpFields& fields);
void write_header6(std::span<std::byte> header, const IpFields& fields);
void write_udp_header(std::span<std::byte> header, const Endpoint& source, const Endpoint& destination,
                      std::span<const std::byte> payload);

// What is before the payload of a UDP datagram on the loopback, from the link's header on.
struct UdpHeaders {
  std::array<std::byte, kLinkHeaderSize + kHeaderSize6 + kUdpHeaderSize> bytes{};
  std::size_t size = 0;

  std::span<const std::byte> span() const { return std::span(bytes).first(size); }
  std::size_t udp() const { return size - kUdpHeaderSize; }
};
UdpHeaders udp_headers(const Endpoint& source, const Endpoint& destination, std::uint8_t ttl, std::uint8_t tos,
                       std::span<const std::byte> payload);

// The link's header, and what IP header belongs to it.
void write_link_header(std::span<std::byte> header, std::uint16_t type);

}  // namespace kernel::net::inet
