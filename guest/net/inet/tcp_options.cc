#include "net/inet/tcp_options.h"

#include <algorithm>
#include <string_view>

#include "lib/time.h"
#include "net/inet/tcp_socket.h"

namespace kernel::net::inet {

namespace {

constexpr std::string_view kCongestionControls[] = {"cubic", "reno"};
constexpr std::size_t kCongestionNameRoom = 16;   // TCP_CA_NAME_MAX
constexpr std::int32_t kLoopbackSegment = 65483;  // lo's MTU without the headers of IPv4 and TCP, with time stamps
constexpr std::int32_t kMostAutomaticBuffer = 33554432;  // net.ipv4.tcp_rmem
constexpr std::int32_t kConnectedSegment = 32741, kAcceptedSegment = 32768;
constexpr std::int32_t kDefaultSegment = 536;
constexpr std::int32_t kMostKeepTime = 32767, kMostKeepCount = 127, kMostSynCount = 127;
constexpr std::int32_t kMostFastOpen = 4096;  // net.core.somaxconn
constexpr std::int32_t kLeastSegment = 88, kMostSegment = 32767;

// The number of retransmissions of a SYN-ACK within so many seconds, and back: what TCP_DEFER_ACCEPT is rounded to
// (secs_to_retrans(), retrans_to_secs() of Linux; the first one is sent after a second, the wait doubles up to 120).
std::int32_t rounded_to_retransmissions(std::int32_t seconds) {
  if (seconds <= 0) return 0;
  std::int32_t period = 1, wait = 1;
  for (int retransmissions = 1; seconds > period && retransmissions < 255; ++retransmissions) {
    wait = std::min(wait * 2, 120);
    period += wait;
  }
  return period;
}

// Linux's struct tcp_info, as far as there is something to say (<linux/tcp.h>).
struct UserTcpInfo {
  std::uint8_t state, congestion_state, retransmits, probes, backoff, options, window_scales, flags;
  std::uint32_t rto, ato, send_segment, receive_segment;
  std::uint32_t unacked, sacked, lost, retransmitted, fackets;
  std::uint32_t last_data_sent, last_ack_sent, last_data_received, last_ack_received;
  std::uint32_t path_mtu, receive_threshold, rtt, rtt_variation, send_threshold, congestion_window, advertised_segment,
      reordering;
  std::uint32_t receive_rtt, receive_space, total_retransmitted;
  std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
  std::uint32_t segments_out, segments_in, not_sent, least_rtt, data_segments_in, data_segments_out;
  std::uint64_t delivery_rate, busy_time, receive_limited, send_limited;
  std::uint32_t delivered, delivered_ce;
  std::uint64_t bytes_sent, bytes_retransmitted;
  std::uint32_t dsack_duplicates, reordering_seen, out_of_order, send_window, receive_window, rehash;
  std::uint16_t total_rto, total_rto_recoveries;
  std::uint32_t total_rto_time;
};
static_assert(sizeof(UserTcpInfo) == 248);

bool TcpOptions::*flag_of(int name) {
  switch (name) {
    case kTcpNoDelay:
      return &TcpOptions::no_delay;
    case kTcpCork:
      return &TcpOptions::cork;
    case kTcpQuickAck:
      return &TcpOptions::quick_ack;
    default:
      return nullptr;
  }
}

// Options whose value is 0 or 1 and nothing else.
bool TcpOptions::*strict_flag_of(int name) {
  switch (name) {
    case kTcpThinLinearTimeouts:
      return &TcpOptions::thin_linear_timeouts;
    case kTcpFastOpenConnect:
      return &TcpOptions::fast_open_connect;
    case kTcpFastOpenNoCookie:
      return &TcpOptions::fast_open_no_cookie;
    case kTcpInQueue:
      return &TcpOptions::in_queue;
    default:
      return nullptr;
  }
}

struct Range {
  std::int32_t TcpOptions::*option;
  std::int32_t least, most;
};

Range range_of(int name) {
  switch (name) {
    case kTcpKeepIdle:
      return {&TcpOptions::keep_idle, 1, kMostKeepTime};
    case kTcpKeepInterval:
      return {&TcpOptions::keep_interval, 1, kMostKeepTime};
    case kTcpKeepCount:
      return {&TcpOptions::keep_count, 1, kMostKeepCount};
    case kTcpSynCount:
      return {&TcpOptions::syn_count, 1, kMostSynCount};
    case kTcpUserTimeout:
      return {&TcpOptions::user_timeout, 0, 0x7fff'ffff};
    default:
      return {nullptr, 0, 0};
  }
}

Result<void> set_congestion(TcpOptions& options, const OptionInput& value) {
  if (value.size() < 1) return Errno::kInval;
  char name[kCongestionNameRoom] = {};
  TRY(mm::copy_from_user(name, value.address().address(), std::min(value.size(), sizeof name - 1)));
  for (const std::string_view known : kCongestionControls) {
    if (known != name) continue;
    options.congestion = known.data();
    return {};
  }
  return Errno::kNoEnt;
}

}  // namespace

Result<void> set_tcp_option(TcpOptions& options, int name, const OptionInput& value, bool closed) {
  if (name == kTcpCongestion) return set_congestion(options, value);
  if (name == kTcpUlp) return value.size() < 1 ? Errno::kInval : Errno::kNoEnt;  // there is no TLS in this kernel
  const std::int32_t number = TRY(value.integer());
  if (bool TcpOptions::*flag = flag_of(name)) {
    options.*flag = number != 0;
    return {};
  }
  if (bool TcpOptions::*flag = strict_flag_of(name)) {
    if (number != 0 && number != 1) return Errno::kInval;
    if (name == kTcpFastOpenConnect && !closed) return Errno::kInval;
    options.*flag = number != 0;
    return {};
  }
  if (const Range range = range_of(name); range.option) {
    if (number < range.least || number > range.most) return Errno::kInval;
    options.*range.option = number;
    return {};
  }
  switch (name) {
    case kTcpMaxSegment:
      if (number != 0 && (number < kLeastSegment || number > kMostSegment)) return Errno::kInval;
      options.max_segment = number;
      return {};
    case kTcpLinger2:
      options.linger2 = number < 0 ? -1 : number > 120 ? 120 : number == 0 ? 60 : number;
      return {};
    case kTcpDeferAccept:
      options.defer_accept = rounded_to_retransmissions(number);
      return {};
    case kTcpWindowClamp:
      if (number == 0 && !closed) return Errno::kInval;
      options.window_clamp = number == 0 ? 0 : std::max(number, 1152);  // SOCK_MIN_RCVBUF / 2
      return {};
    case kTcpFastOpen:
      if (number < 0) return Errno::kInval;
      options.fast_open = number < kMostFastOpen ? number : kMostFastOpen;
      return {};
    case kTcpNotSentLowWater:
      options.not_sent_low_water = number;
      return {};
    case kTcpThinDupAck:
      return number == 0 || number == 1 ? Result<void>() : Result<void>(Errno::kInval);
    case kTcpTransmitDelay:
      options.transmit_delay = number;
      return {};
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> get_tcp_option(const TcpOptions& options, int name, OptionOutput& value) {
  if (bool TcpOptions::*flag = flag_of(name)) return value.put_integer(options.*flag);
  if (bool TcpOptions::*flag = strict_flag_of(name)) return value.put_integer(options.*flag);
  if (const Range range = range_of(name); range.option) return value.put_integer(options.*range.option);
  switch (name) {
    case kTcpLinger2:
      return value.put_integer(options.linger2);
    case kTcpDeferAccept:
      return value.put_integer(options.defer_accept);
    case kTcpWindowClamp:
      return value.put_integer(options.window_clamp);
    case kTcpFastOpen:
      return value.put_integer(options.fast_open);
    case kTcpNotSentLowWater:
      return value.put_integer(options.not_sent_low_water);
    case kTcpThinDupAck:
      return value.put_integer(0);
    case kTcpTransmitDelay:
      return value.put_integer(options.transmit_delay);
    case kTcpCongestion: {
      char text[kCongestionNameRoom] = {};
      const std::string_view current = options.congestion ? options.congestion : kCongestionControls[0];
      std::copy(current.begin(), current.end(), text);
      return value.put(std::as_bytes(std::span(text)));
    }
    case kTcpUlp:
      return value.put({});
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> TcpSocket::set_option(int level, int name, const OptionInput& value) {
  if (level == kLevelSocket && name == kReceiveLowWater) {
    // No more than half of the largest buffer (tcp_set_rcvlowat() of Linux).
    const std::int32_t number = TRY(value.integer());
    const std::int32_t most = kMostAutomaticBuffer / 2;
    options_.receive_low_water = number < 0 || number > most ? most : std::max(number, 1);
    return {};
  }
  if (level != kLevelTcp) return InetSocket::set_option(level, name, value);
  const bool closed = state_ == TcpState::kClose;
  if (name == kTcpFastOpen && !closed && !listening()) return Errno::kInval;
  TRY(set_tcp_option(tcp_, name, value, closed));
  // What was held back goes when it is not any more, and with TCP_NODELAY even while it is (tcp(7)).
  if (peer_ && ((name == kTcpCork && !tcp_.cork) || (name == kTcpNoDelay && tcp_.no_delay))) {
    const Ref<RefCounted> hold(&peer_->lifetime());
    peer_->deliver_held();
  }
  return {};
}

// Half of the window, at first; time stamps are counted in where the connection was made.
std::size_t TcpSocket::segment() const {
  return static_cast<std::size_t>(accepted_ ? kAcceptedSegment : kConnectedSegment);
}

Result<void> TcpSocket::get_option(int level, int name, OptionOutput& value) {
  const bool is_connected = state_ != TcpState::kClose && !listening() && state_ != TcpState::kSynSent;
  if (level == kLevelIp && name == kIpMtu) {
    if (!is_connected) return Errno::kNotConn;
    return value.put_integer(kLargestPacket);
  }
  if (level == kLevelIp6 && name == kIp6Mtu && is_v6()) {
    if (!is_connected) return Errno::kNotConn;
    return value.put_integer(kLargestPacket);
  }
  if (level != kLevelTcp) return InetSocket::get_option(level, name, value);
  if (name == kTcpMaxSegment) {
    if (is_connected) return value.put_integer(static_cast<std::int32_t>(segment()));
    return value.put_integer(tcp_.max_segment ? tcp_.max_segment : kDefaultSegment);
  }
  if (name != kTcpInfo) return get_tcp_option(tcp_, name, value);
  UserTcpInfo info{};
  info.state = static_cast<std::uint8_t>(state_);
  if (is_connected) {
    info.options = 0x7;  // time stamps, SACK, window scale
    info.window_scales = 0x77 | 0;
    info.rto = 200'000;
    info.ato = 40'000;
    info.rtt = 20;
    info.rtt_variation = 10;
    info.send_segment = static_cast<std::uint32_t>(kLoopbackSegment);
    info.receive_segment = static_cast<std::uint32_t>(kDefaultSegment);
    info.advertised_segment = static_cast<std::uint32_t>(kLoopbackSegment);
    info.path_mtu = kLoopbackMtu;
  } else if (listening()) {
    info.unacked = queue_length_;
    info.sacked = backlog_;
  } else {
    info.rto = 1'000'000;
    info.send_segment = info.receive_segment = static_cast<std::uint32_t>(kDefaultSegment);
  }
  info.congestion_window = 10;
  info.send_threshold = 0x7fff'ffff;
  info.reordering = 3;
  info.receive_space = static_cast<std::uint32_t>(kLoopbackSegment);
  info.not_sent = static_cast<std::uint32_t>(unacknowledged());
  info.bytes_received = received_total_;
  info.bytes_sent = sent_total_;
  info.bytes_acked = sent_total_ - std::min<std::uint64_t>(sent_total_, unacknowledged());
  info.pacing_rate = info.max_pacing_rate = ~std::uint64_t{0};
  return value.put_value(info);
}

}  // namespace kernel::net::inet
