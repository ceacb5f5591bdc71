#include "net/inet/udp_socket.h"

namespace kernel::net::inet {

namespace {

// <linux/udp.h>
constexpr int kUdpCork = 1, kUdpEncapsulation = 100, kUdpNoCheck6Send = 101, kUdpNoCheck6Receive = 102,
              kUdpSegment = 103, kUdpGro = 104;

constinit PortTable g_ports{datagram_ports_conflict};

}  // namespace

PortTable& udp_ports() {
  return g_ports;
}

Result<Ref<Socket>> UdpSocket::create(int family) {
  if (SocketCount::too_many()) return Errno::kNoBufs;
  return Ref<Socket>(TRY(make_ref<UdpSocket>(family, kLevelUdp)));
}

Result<void> UdpSocket::set_option(int level, int name, const OptionInput& value) {
  if (level != kLevelUdp) return DatagramSocket::set_option(level, name, value);
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
    case kUdpEncapsulation:
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> UdpSocket::get_option(int level, int name, OptionOutput& value) {
  if (level != kLevelUdp) return DatagramSocket::get_option(level, name, value);
  switch (name) {
    case kUdpCork:
      return value.put_integer(cork_);
    case kUdpSegment:
      return value.put_integer(segment_size_);
    case kUdpGro:
      return value.put_integer(receive_segments_);
    case kUdpNoCheck6Send:
    case kUdpNoCheck6Receive:
    case kUdpEncapsulation:
      return value.put_integer(0);
    default:
      return Errno::kNoProtoOpt;
  }
}

}  // namespace kernel::net::inet
