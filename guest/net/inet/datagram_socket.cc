// Sockets of datagrams: connecting, sending, what is ready. Receiving: datagram_receive.cc.
#include "net/inet/datagram_socket.h"

#include <algorithm>
#include <utility>

#include "net/inet/packet_info.h"

namespace kernel::net::inet {

namespace {

constexpr std::size_t kMostSize = 0xffff;  // of an IP packet
constexpr std::size_t kIpHeader = 20;
constexpr std::uint64_t kRequestInQueue = 0x541b, kRequestOutQueue = 0x5411;

template <typename T>
Result<T> control_value(std::span<const std::byte> data) {
  if (data.size() < sizeof(T)) return Errno::kInval;
  T value;
  memcpy(&value, data.data(), sizeof value);
  return value;
}

}  // namespace

Result<Ref<Payload>> Payload::of(mm::IoBuffer& buffer, std::size_t size) {
  Ref<Payload> payload = TRY(make_ref<Payload>());
  TRY(payload->bytes.resize(size));
  TRY(buffer.load_exactly(payload->bytes.span()));
  return payload;
}

DatagramSocket::~DatagramSocket() {
  while (Queued* first = queue_.pop_front()) delete first;
}

// `source` is what the sender asks for, or what the socket is bound to.
Result<Transport*> DatagramSocket::route(const Endpoint& destination, const Address& source) const {
  std::uint32_t device = device_;
  if (device == 0 && destination.address.is_multicast()) {
    device = destination.address.is_v4() ? ip_.multicast_device
             : destination.scope         ? destination.scope
                                         : ip_.multicast_device6;
  }
  // There is no route to a group or to all, but the source's device will do (ip_route_output_key_hash_rcu() of Linux).
  const Address& from = source.is_any() ? local_.address : source;
  if (device == 0 && destination.address.is_v4() && from.is_v4() && from.is_loopback()) device = kLoopbackDevice;
  Transport* transport = transport_to(destination.address, device);
  if (!transport) return Errno::kNetUnreach;
  if (destination.address.is_broadcast() && !options_.broadcast) return Errno::kAcces;
  return transport;
}

// ip4_datagram_connect(), ip6_datagram_connect() of Linux.
Result<void> DatagramSocket::connect(const SocketAddress& address, bool /*non_blocking*/) {
  if (address.size() < sizeof(std::uint16_t)) return Errno::kInval;
  if (address.family() == kUnspecified) {
    disconnect();
    return {};
  }
  TRY(bind_automatically());
  // ip6_datagram_connect_v6_only() of Linux.
  if (is_v6() && type() == kRaw && address.family() != kInet6) return Errno::kAfNoSupport;
  Endpoint destination;
  if (is_v6() && address.family() == kInet && !ip_.v6_only) {
    if (address.size() < sizeof(UserInetAddress)) return Errno::kInval;
    destination = inet_endpoint(address);
    if (destination.address.is_any()) destination.address = Address::v4_of(127, 0, 0, 1);
  } else {
    destination = TRY(destination_argument(address));
  }
  Transport* transport = TRY(route(destination, Address()));
  if (local_.address.is_any()) local_.address = transport->source_for(destination.address);
  remote_ = destination;
  state_ = TcpState::kEstablished;
  return {};
}

void DatagramSocket::disconnect() {
  state_ = TcpState::kClose;
  remote_ = {wildcard(), 0, 0};
  forget_automatic_name();
}

Result<Endpoint> DatagramSocket::named_destination(const SocketAddress& name) const {
  if (is_v6()) {
    if (name.size() < (type() == kRaw ? kLeastInet6Address : 2)) return Errno::kInval;
    if (name.family() == kInet && type() != kRaw) {
      if (ip_.v6_only || (address_bound_ && !local_.address.is_v4())) return Errno::kNetUnreach;
      if (name.size() < sizeof(UserInetAddress)) return Errno::kInval;
      Endpoint where = inet_endpoint(name);
      if (where.address.is_any()) where.address = Address::v4_of(127, 0, 0, 1);
      return where;
    }
    if (name.family() != kInet6) return type() == kRaw ? Errno::kAfNoSupport : Errno::kInval;
    const Endpoint where = TRY(destination_argument(name));
    // From an address of IPv4 there is no way to one of IPv6 (ip6_dst_lookup_tail() of Linux).
    const bool from_v4 = local_.address.is_v4() && !local_.address.is_any();
    if (from_v4 && !where.address.is_v4()) return Errno::kAfNoSupport;
    return where;
  }
  if (name.size() < sizeof(UserInetAddress)) return Errno::kInval;
  if (name.family() != kInet && name.family() != kUnspecified) return Errno::kAfNoSupport;
  Endpoint where = inet_endpoint(name);
  if (where.address.is_any()) where.address = Address::v4_of(127, 0, 0, 1);
  return where;
}

Result<void> DatagramSocket::read_control(const ControlInput& control, SendRequest& request) const {
  return control.for_each([&](int level, int type, std::span<const std::byte> data) -> Result<void> {
    if (level == kLevelSocket) {
      return type == kRights || type == kCredentials || type == kTimestamping || type == kMark
                 ? Result<void>()
                 : Result<void>(Errno::kInval);
    }
    if (level == kLevelUdp && type == 103) {  // UDP_SEGMENT
      if (data.size() != sizeof(std::uint16_t)) return Errno::kInval;
      request.segment_size = TRY(control_value<std::uint16_t>(data));
      return {};
    }
    if (level == kLevelIp) {
      switch (type) {
        case kIpPacketInfo: {
          const auto info = TRY(control_value<UserPacketInfo>(data));
          if (info.device != 0 && info.device != kLoopbackDevice) return Errno::kNoDev;
          if (info.local != 0) request.source = Address::of_v4(info.local);
          return {};
        }
        case kIpTtl: {
          const auto ttl = TRY(control_value<std::int32_t>(data));
          if (ttl < 1 || ttl > 255) return Errno::kInval;
          request.ttl = static_cast<std::uint8_t>(ttl);
          return {};
        }
        case kIpTos: {
          const std::int32_t tos = data.size() == 1 ? static_cast<std::int32_t>(TRY(control_value<std::uint8_t>(data)))
                                                    : TRY(control_value<std::int32_t>(data));
          if (tos < 0 || tos > 255) return Errno::kInval;
          request.tos = static_cast<std::uint8_t>(tos);
          return {};
        }
        default:
          return Errno::kInval;
      }
    }
    if (level == kLevelIp6 && is_v6()) {
      switch (type) {
        case kIp6PacketInfo: {
          const auto info = TRY(control_value<UserPacketInfo6>(data));
          if (info.device != 0 && info.device != kLoopbackDevice) return Errno::kNoDev;
          const Address source = Address::of_bytes(info.address);
          if (source == Address()) return {};
          if (!is_own_address(source)) return Errno::kInval;
          request.source = source;
          return {};
        }
        case kIp6HopLimit:
        case kIp6TrafficClass: {
          const auto number = TRY(control_value<std::int32_t>(data));
          if (number < -1 || number > 255) return Errno::kInval;
          if (number >= 0) (type == kIp6HopLimit ? request.ttl : request.tos) = static_cast<std::uint8_t>(number);
          return {};
        }
        default:
          return Errno::kInval;
      }
    }
    return {};  // for others
  });
}

Result<DatagramSocket::SendRequest> DatagramSocket::request_of(const OutgoingMessage& message) {
  SendRequest request;
  const bool named = message.name && !(is_v6() && message.name->family() == kUnspecified);
  if (named) {
    request.destination = TRY(named_destination(*message.name));
    if (request.destination.port == 0 && ports()) return Errno::kInval;
  } else {
    if (state_ != TcpState::kEstablished) return Errno::kDestAddrReq;
    request.destination = remote_;
  }
  const bool multicast = request.destination.address.is_multicast();
  if (request.destination.address.is_v4()) {
    request.ttl = multicast ? ip_.multicast_ttl : static_cast<std::uint8_t>(ip_.ttl < 0 ? kDefaultTtl : ip_.ttl);
    request.tos = ip_.tos;
  } else {
    const std::int16_t hops = multicast ? ip_.multicast_hops : ip_.unicast_hops;
    request.ttl = static_cast<std::uint8_t>(hops < 0 ? kDefaultTtl : hops);
    request.tos = static_cast<std::uint8_t>(ip_.traffic_class);
  }
  request.segment_size = segment_size_;
  if (message.control && !message.control->empty()) TRY(read_control(*message.control, request));
  return request;
}

// udp_sendmsg() of Linux.
Result<std::size_t> DatagramSocket::send(OutgoingMessage& message) {
  const std::size_t size = message.data.remaining();
  TRY(bind_automatically());
  if (size > kMostSize && !is_v6()) return Errno::kMsgSize;
  if (message.flags & kOutOfBand) return Errno::kOpNotSupp;
  SendRequest request = pending_ ? pending_request_ : TRY(request_of(message));
  TRY(route(request.destination, request.source));
  const std::size_t headers = header_size() + (request.destination.address.is_v4() ? kIpHeader : 0);
  const std::size_t before = pending_ ? pending_->bytes.size() : 0;
  if (before + size > kMostSize - headers) {
    too_large_for(request.destination);
    return Errno::kMsgSize;
  }
  if (has_error()) return take_error();
  // Raw sockets that leave the header to the kernel are not asked (__ip_append_data() of Linux).
  if ((shutdown_ & kSendShut) && (type() != kRaw || ip_.header_included)) return Errno::kPipe;
  Ref<Payload> payload = TRY(Payload::of(message.data, size));
  if (pending_) {
    TRY(pending_->bytes.append(payload->bytes.span()));
    payload = std::move(pending_);
  }
  if ((message.flags & kMore) || cork_) {
    pending_ = std::move(payload);
    pending_request_ = request;
    return size;
  }
  TRY(transmit(request, std::move(payload)));
  return size;
}

Result<void> DatagramSocket::transmit(SendRequest& request, Ref<Payload> payload) {
  Transport* transport = TRY(route(request.destination, request.source));
  OutgoingDatagram datagram;
  datagram.destination = request.destination;
  datagram.source = local_;
  if (!request.source.is_any()) {
    datagram.source.address = request.source;
  } else if (local_.address.is_any() || local_.address.is_multicast()) {
    datagram.source.address = transport->source_for(request.destination.address);
  }
  datagram.ttl = request.ttl;
  datagram.tos = request.tos;
  datagram.mark = options_.mark;
  datagram.coverage = send_coverage_;
  // UDP_SEGMENT: one send, many datagrams, which part where they are received.
  constexpr std::size_t kMostSegments = 128;  // UDP_MAX_SEGMENTS
  const std::size_t size = payload->bytes.size();
  if (request.segment_size != 0 && size > request.segment_size) {
    if (size > std::size_t{request.segment_size} * kMostSegments) return Errno::kInval;
    datagram.segment_size = request.segment_size;
  }
  datagram.payload = std::move(payload);
  return transport->send(*this, datagram);
}

Result<void> DatagramSocket::set_cork(bool on) {
  cork_ = on;
  if (on || !pending_) return {};
  return transmit(pending_request_, std::move(pending_));
}

int DatagramSocket::score(const Endpoint& source, const Endpoint& destination) const {
  const Address& bound = local_.address;
  const bool takes_v4 = bound.is_v4() || (bound.is_any() && !ip_.v6_only);
  if (destination.address.is_v4() ? !takes_v4 : bound.is_v4()) return 0;
  if (!bound.is_any() && bound != destination.address) return 0;
  int points = 1 + (is_v6() ? 0 : 1) + (bound.is_any() ? 0 : 16);
  if (state_ == TcpState::kEstablished) {
    if (remote_.address != source.address || remote_.port != source.port) return 0;
    points += 8;
  }
  return points + (device_ != 0 ? 4 : 0);
}

// datagram_poll() of Linux.
std::uint32_t DatagramSocket::events() {
  std::uint32_t events = fs::kPollWritable | fs::kPollWriteBand;
  if (has_error() || !errors_.empty()) events |= fs::kPollErr;
  if (shutdown_ & kReceiveShut) events |= fs::kPollReadHup | fs::kPollReadable;
  if (shutdown_ == kBothShut) events |= fs::kPollHup;
  if (!queue_.empty()) events |= fs::kPollReadable;
  return events;
}

Result<void> DatagramSocket::shutdown(ShutdownHow how) {
  shutdown_ |= how == kShutBoth ? kBothShut : how == kShutSend ? kSendShut : kReceiveShut;
  changes().wake_all();
  if (state_ == TcpState::kClose) return Errno::kNotConn;
  return {};
}

void DatagramSocket::closed() {
  if (pending_) pending_ = nullptr;
  release_port();
  while (Queued* first = queue_.pop_front()) delete first;
  errors_.clear();
  changes().wake_all();
}

Result<void> DatagramSocket::set_option(int level, int name, const OptionInput& value) {
  auto set = memberships_.set_option(level, name, value, ip_);
  if (set.error() != Errno::kNoProtoOpt) return set;
  return InetSocket::set_option(level, name, value);
}

Result<void> DatagramSocket::get_option(int level, int name, OptionOutput& value) {
  auto got = memberships_.get_option(level, name, value);
  if (got.error() != Errno::kNoProtoOpt) return got;
  if ((level == kLevelIp && name == kIpMtu) || (level == kLevelIp6 && name == kIp6Mtu && is_v6())) {
    if (state_ != TcpState::kEstablished) return Errno::kNotConn;
    return value.put_integer(kLargestPacket);
  }
  return InetSocket::get_option(level, name, value);
}

Result<std::uint64_t> DatagramSocket::ioctl(std::uint32_t request, std::uint64_t argument) {
  std::int32_t answer = 0;
  switch (request) {
    case kRequestInQueue:
      if (Queued* first = queue_.front()) answer = static_cast<std::int32_t>(first->payload->bytes.size());
      break;
    case kRequestOutQueue:
      break;
    default:
      return InetSocket::ioctl(request, argument);
  }
  TRY(mm::UserPtr<std::int32_t>(argument).write(answer));
  return 0;
}

}  // namespace kernel::net::inet
