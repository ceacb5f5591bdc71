#include "net/inet/udp_socket.h"

#include <algorithm>
#include <utility>

namespace kernel::net::inet {

namespace {

// <linux/udp.h>
constexpr int kUdpCork = 1, kUdpEncapsulation = 100, kUdpNoCheck6Send = 101, kUdpNoCheck6Receive = 102,
              kUdpSegment = 103, kUdpGro = 104;
constexpr int kUdpLiteSendCoverage = 10, kUdpLiteReceiveCoverage = 11;

constinit PortTable g_ports{datagram_ports_conflict};
constinit PortTable g_lite_ports{datagram_ports_conflict};

// The header is covered in any case (udp_lib_setsockopt() of Linux).
std::uint16_t coverage_of(std::int32_t number) {
  return number == 0 ? 0 : static_cast<std::uint16_t>(std::clamp<std::int32_t>(number, kUdpHeaderSize, 0xffff));
}

bool has_level(int level) {
  return level == kLevelUdp || level == kLevelUdpLite;
}

}  // namespace

PortTable& udp_ports() {
  return g_ports;
}

PortTable& udp_lite_ports() {
  return g_lite_ports;
}

Result<Ref<Socket>> UdpSocket::create(int family, int protocol) {
  if (SocketCount::too_many()) return Errno::kNoBufs;
  return Ref<Socket>(TRY(make_ref<UdpSocket>(family, protocol)));
}

Result<void> UdpSocket::set_option(int level, int name, const OptionInput& value) {
  if (!has_level(level)) return DatagramSocket::set_option(level, name, value);
  const std::int32_t number = TRY(value.integer());
  switch (name) {
    case kUdpCork:
      return set_cork(number != 0);
    case kUdpSegment:
      if (number < 0 || number > 0xffff) return Errno::kInval;
      segment_size_ = static_cast<std::uint16_t>(number);
      return {};
    case kUdpGro:
      receive_segments_ = number != 0;
      return {};
    case kUdpNoCheck6Send:
    case kUdpNoCheck6Receive:
      return {};
    case kUdpLiteSendCoverage:
      if (!is_lite()) return Errno::kNoProtoOpt;
      send_coverage_ = coverage_of(number);
      return {};
    case kUdpLiteReceiveCoverage:
      if (!is_lite()) return Errno::kNoProtoOpt;
      least_coverage_ = coverage_of(number);
      return {};
    case kUdpEncapsulation:
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> UdpSocket::get_option(int level, int name, OptionOutput& value) {
  if (!has_level(level)) return DatagramSocket::get_option(level, name, value);
  switch (name) {
    case kUdpCork:
      return value.put_integer(cork_);
    case kUdpSegment:
      return value.put_integer(segment_size_);
    case kUdpGro:
      return value.put_integer(receive_segments_);
    case kUdpLiteSendCoverage:
      return value.put_integer(send_coverage_);
    case kUdpLiteReceiveCoverage:
      return value.put_integer(least_coverage_.value_or(0));
    case kUdpNoCheck6Send:
    case kUdpNoCheck6Receive:
    case kUdpEncapsulation:
      return value.put_integer(0);
    default:
      return Errno::kNoProtoOpt;
  }
}

// udp_send_skb() of Linux: segments are made of UDP only.
Result<void> UdpSocket::transmit(SendRequest& request, Ref<Payload> payload) {
  if (is_lite() && request.segment_size != 0) return Errno::kIo;
  return DatagramSocket::transmit(request, std::move(payload));
}

// udp_queue_rcv_one_skb() of Linux.
bool UdpSocket::accepts(const OutgoingDatagram& datagram) const {
  if (!least_coverage_) return true;
  const bool partial = datagram.coverage != 0 && datagram.coverage < kUdpHeaderSize + datagram.payload->bytes.size();
  return !partial || (*least_coverage_ != 0 && datagram.coverage >= *least_coverage_);
}

}  // namespace kernel::net::inet
