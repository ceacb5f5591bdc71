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

}  // namespace kernel::net::inet
