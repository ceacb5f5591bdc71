// Internet addresses and ports. An IPv4 address is kept as an IPv6 one that maps it (RFC 4291, section 2.5.5.2), so
// everything below the system calls knows one kind only.
#pragma once

#include <array>
#include <cstdint>

#include "lib/result.h"
#include "lib/string.h"
#include "net/abi.h"
#include "net/socket_address.h"

namespace kernel::net::inet {

class Address {
 public:
  constexpr Address() = default;  // ::
  static constexpr Address of_bytes(const std::uint8_t (&bytes)[16]) {
    Address address;
    for (int i = 0; i < 16; ++i) address.bytes_[i] = bytes[i];
    return address;
  }
  // In network order, as in struct in_addr.
  static constexpr Address of_v4(std::uint32_t network_order) {
    Address address;
    address.bytes_[10] = address.bytes_[11] = 0xff;
    for (int i = 0; i < 4; ++i) address.bytes_[12 + i] = static_cast<std::uint8_t>(network_order >> (8 * i));
    return address;
  }
  static constexpr Address v4_of(int a, int b, int c, int d) {
    return of_v4(static_cast<std::uint32_t>(a | b << 8 | c << 16 | d << 24));
  }
  static constexpr Address v6_loopback() {
    Address address;
    address.bytes_[15] = 1;
    return address;
  }

  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  bool is_v4() const {
    for (int i = 0; i < 10; ++i) {
      if (bytes_[i] != 0) return false;
    }
    return bytes_[10] == 0xff && bytes_[11] == 0xff;
  }
  std::uint32_t v4() const {
    std::uint32_t network_order;
    memcpy(&network_order, bytes_.data() + 12, sizeof network_order);
    return network_order;
  }
  // 0.0.0.0 or ::.
  bool is_any() const { return *this == Address() || *this == of_v4(0); }
  bool is_multicast() const { return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }
  // 255.255.255.255, and 127.255.255.255, that of the only network there is.
  bool is_broadcast() const { return *this == v4_of(255, 255, 255, 255) || is_network_broadcast(); }
  bool is_network_broadcast() const { return *this == v4_of(127, 255, 255, 255); }
  bool is_link_local() const { return !is_v4() && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80; }
  // 127.0.0.0/8, ::1.
  bool is_loopback() const { return is_v4() ? bytes_[12] == 127 : *this == v6_loopback(); }

  friend bool operator==(const Address&, const Address&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;  // in the CPU's order
  std::uint32_t scope = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

constexpr std::uint16_t swap_port(std::uint16_t port) {
  return static_cast<std::uint16_t>(port << 8 | port >> 8);
}

// The smallest struct sockaddr_in6 that is accepted: without the scope (RFC 2133).
inline constexpr std::size_t kLeastInet6Address = 24;

// What a payload passed, as an endpoint. The caller has looked at the family and the size.
inline Endpoint inet_endpoint(const SocketAddress& address) {
  const auto raw = address.as<UserInetAddress>();
  return {Address::of_v4(raw.address), swap_port(raw.port), 0};
}
inline Endpoint inet6_endpoint(const SocketAddress& address) {
  const auto raw = address.as<UserInet6Address>();
  return {Address::of_bytes(raw.address), swap_port(raw.port), raw.scope};
}

// An endpoint as a socket of the family sees it.
inline SocketAddress to_socket_address(const Endpoint& endpoint, int family, std::uint32_t flow = 0) {
  if (family == kInet) {
    UserInetAddress raw;
    raw.port = swap_port(endpoint.port);
    raw.address = endpoint.address.is_v4() ? endpoint.address.v4() : 0;
    return SocketAddress::of(raw);
  }
  UserInet6Address raw;
  raw.port = swap_port(endpoint.port);
  raw.flow = flow;
  // What is bound to nothing in particular has no family.
  if (endpoint.address != Address::of_v4(0)) memcpy(raw.address, endpoint.address.bytes().data(), sizeof raw.address);
  raw.scope = endpoint.scope;
  return SocketAddress::of(raw);
}

}  // namespace kernel::net::inet
