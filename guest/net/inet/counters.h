// What has gone over the loopback: for "ip -s link" and /proc/net/dev. Data is counted; what TCP would send to say that it has come
// is not, because it is not sent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::net::inet {

struct LoopbackCounters {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

inline constinit LoopbackCounters g_loopback_counters;

inline const LoopbackCounters& loopback_counters() {
  return g_loopback_counters;
}
inline void count_on_loopback(std::size_t bytes) {
  ++g_loopback_counters.packets;
  g_loopback_counters.bytes += bytes;
}

// /proc/net/snmp, of IPv4 (RFC 4022, 4113). What nothing here does is not counted.
struct TcpCounters {
  std::uint64_t active_opens = 0;
  std::uint64_t passive_opens = 0;
  std::uint64_t failed_attempts = 0;
  std::uint64_t established_resets = 0;
  std::uint64_t resets_sent = 0;
};
inline constinit TcpCounters g_tcp_counters;

struct UdpCounters {
  std::uint64_t received = 0;
  std::uint64_t no_ports = 0;
  std::uint64_t errors = 0;
  std::uint64_t sent = 0;
  std::uint64_t no_room = 0;
};
inline constinit UdpCounters g_udp_counters;

}  // namespace kernel::net::inet
