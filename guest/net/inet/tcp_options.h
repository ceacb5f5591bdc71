// Options of level IPPROTO_TCP that are numbers a socket keeps (tcp(7)).
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "net/option_value.h"

namespace kernel::net::inet {

// <linux/tcp.h>
enum TcpOption : int {
  kTcpNoDelay = 1,
  kTcpMaxSegment = 2,
  kTcpCork = 3,
  kTcpKeepIdle = 4,
  kTcpKeepInterval = 5,
  kTcpKeepCount = 6,
  kTcpSynCount = 7,
  kTcpLinger2 = 8,
  kTcpDeferAccept = 9,
  kTcpWindowClamp = 10,
  kTcpInfo = 11,
  kTcpQuickAck = 12,
  kTcpCongestion = 13,
  kTcpThinLinearTimeouts = 16,
  kTcpThinDupAck = 17,
  kTcpUserTimeout = 18,
  kTcpFastOpen = 23,
  kTcpTimestamp = 24,
  kTcpNotSentLowWater = 25,
  kTcpFastOpenConnect = 30,
  kTcpUlp = 31,
  kTcpFastOpenNoCookie = 34,
  kTcpInQueue = 36,
  kTcpTransmitDelay = 37,
};

struct TcpOptions {
  bool no_delay = false;
  bool cork = false;
  bool quick_ack = true;
  bool thin_linear_timeouts = false;
  bool fast_open_connect = false;
  bool fast_open_no_cookie = false;
  bool in_queue = false;
  std::int32_t max_segment = 0;
  std::int32_t keep_idle = 7200;
  std::int32_t keep_interval = 75;
  std::int32_t keep_count = 9;
  std::int32_t syn_count = 6;  // net.ipv4.tcp_syn_retries
  std::int32_t linger2 = 60;
  std::int32_t defer_accept = 0;
  std::int32_t window_clamp = 0;
  std::int32_t user_timeout = 0;
  std::int32_t fast_open = 0;
  std::int32_t not_sent_low_water = 0;
  std::int32_t transmit_delay = 0;
  const char* congestion = nullptr;  // null: the default
};

// kNoProtoOpt for a name that is none of these.
Result<void> set_tcp_option(TcpOptions& options, int name, const OptionInput& value, bool closed);
Result<void> get_tcp_option(const TcpOptions& options, int name, OptionOutput& value);

}  // namespace kernel::net::inet
