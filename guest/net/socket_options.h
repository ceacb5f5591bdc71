// The options of level SOL_SOCKET that every socket keeps (socket(7)), as plain data.
#pragma once

#include <cstdint>

#include "net/abi.h"

namespace kernel::net {

// /proc/sys/net/core/{r,w}mem_{default,max} of Linux 6.18. What is set is doubled, for the bookkeeping of Linux
// (socket(7)).
inline constexpr std::uint32_t kDefaultBuffer = 212992;
inline constexpr std::uint32_t kMostBuffer = 4 << 20;
inline constexpr std::uint32_t kLeastSendBuffer = 4608;
inline constexpr std::uint32_t kLeastReceiveBuffer = 2304;

struct SocketOptions {
  bool reuse_address = false;
  bool reuse_port = false;
  bool keep_alive = false;
  bool broadcast = false;
  bool dont_route = false;
  bool debug = false;
  bool out_of_band_inline = false;
  bool no_check = false;
  bool pass_credentials = false;
  bool pass_security = false;
  bool pass_pid_descriptor = false;
  bool timestamp = false;
  bool timestamp_ns = false;
  bool receive_queue_overflow = false;
  bool zero_copy = false;
  std::int32_t priority = 0;
  std::uint32_t mark = 0;
  std::int32_t peek_offset = -1;
  std::int32_t receive_low_water = 1;
  UserLinger linger;
  std::uint32_t send_buffer = kDefaultBuffer;
  std::uint32_t receive_buffer = kDefaultBuffer;
  bool send_buffer_set = false;  // by the payload: it does not grow by itself any more
  bool receive_buffer_set = false;
  std::uint64_t receive_timeout_ns = 0;  // 0: for ever
  std::uint64_t send_timeout_ns = 0;
};

}  // namespace kernel::net
