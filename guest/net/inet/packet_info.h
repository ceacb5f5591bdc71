// Control data that names a datagram's device and address: Linux's struct in_pktinfo and in6_pktinfo (ip(7), ipv6(7)).
#pragma once

#include <cstdint>

namespace kernel::net::inet {

struct UserPacketInfo {
  std::int32_t device;
  std::uint32_t local;        // network byte order, as the next one: where it is to come from, or came to
  std::uint32_t destination;  // of what came, as its header says
};
struct UserPacketInfo6 {
  std::uint8_t address[16];
  std::uint32_t device;
};

}  // namespace kernel::net::inet
