// Datagrams that come: the queue, its limit, what recvmsg(2) says beside the data, and errors of what was sent.
#include <algorithm>
#include <new>
#include <utility>

#include "lib/time.h"
#include "mm/frame.h"
#include "net/inet/counters.h"
#include "net/inet/datagram_socket.h"
#include "net/inet/packet_headers.h"
#include "net/inet/packet_info.h"

namespace kernel::net::inet {

namespace {

// What Linux charges for a datagram beside its bytes (struct sk_buff and what is aligned around the data).
constexpr std::size_t kOverhead = 768;
// All datagrams in queues, of RAM (net.ipv4.udp_mem).
constexpr std::uint64_t kShareOfMemory = 8;
constinit std::uint64_t g_queued = 0;

constexpr std::uint8_t kUnreachableType = 3, kPortUnreachable = 3;    // ICMP
constexpr std::uint8_t kUnreachableType6 = 1, kPortUnreachable6 = 4;  // ICMPv6

bool memory_is_short() {
  static constinit std::uint64_t limit = 0;
  if (limit == 0) limit = mm::memory_statistics().total_frames * mm::kPageSize / kShareOfMemory;
  return g_queued > limit;
}

}  // namespace

DatagramSocket::Queued::~Queued() {
  g_queued -= charge;
}

void DatagramSocket::deliver(const OutgoingDatagram& datagram) {
  if (datagram.segment_size == 0 || receive_segments_) return enqueue(datagram);
  OutgoingDatagram part = datagram;
  part.segment_size = 0;
  const std::span<const std::byte> all = std::as_const(datagram.payload->bytes).span();
  for (std::size_t at = 0; at < all.size(); at += datagram.segment_size) {
    auto made = make_ref<Payload>();
    const std::size_t size = std::min<std::size_t>(datagram.segment_size, all.size() - at);
    if (!made || !made.value()->bytes.append(all.subspan(at, size))) {
      ++drops_;
      return;
    }
    part.payload = made.take();
    enqueue(part);
  }
}

void DatagramSocket::enqueue(const OutgoingDatagram& datagram) {
  const std::uint8_t least_ttl = datagram.destination.address.is_v4() ? ip_.least_ttl : ip_.least_hop_count;
  if (datagram.ttl < least_ttl) return;
  if (!accepts(datagram)) {
    ++drops_;
    return;
  }
  Ref<Payload> payload = has_filter() ? filtered(datagram) : datagram.payload;
  const std::size_t size = payload ? payload->bytes.size() : 0;
  const std::size_t charge = size + kOverhead;
  // sock_queue_rcv_skb() of Linux looks at what was there before, __udp_enqueue_schedule_skb() at what would be there then.
  const bool full = type() == kRaw ? charged_ >= options_.receive_buffer
                                   : charged_ > 0 && charged_ + charge > options_.receive_buffer;
  if (!payload || full || memory_is_short()) {
    if (counts_as_udp(datagram.destination)) {
      ++g_udp_counters.errors;
      if (payload) ++g_udp_counters.no_room;
    }
    ++drops_;
    return;
  }
  auto* queued = new (std::nothrow) Queued{};
  if (!queued) {
    ++drops_;
    return;
  }
  queued->payload = std::move(payload);
  queued->source = datagram.source;
  queued->destination = datagram.destination;
  queued->ttl = datagram.ttl;
  queued->tos = datagram.tos;
  queued->segment_size = datagram.segment_size;
  queued->time_ns = realtime_ns();
  queued->drops_before = drops_;
  queued->charge = charge;
  g_queued += charge;
  charged_ += charge;
  queued_bytes_ += size;
  queue_.push_back(*queued);
  if (counts_as_udp(datagram.destination)) ++g_udp_counters.received;
  changes().wake(fs::kPollReadable);
}

Ref<Payload> DatagramSocket::filtered(const OutgoingDatagram& datagram) const {
  const UdpHeaders headers = udp_headers(datagram.source, datagram.destination, datagram.ttl, datagram.tos,
                                         std::as_const(datagram.payload->bytes).span());
  return filtered_behind(headers.span(), headers.udp(), datagram);
}

Ref<Payload> DatagramSocket::filtered_behind(std::span<const std::byte> headers, std::size_t start,
                                             const OutgoingDatagram& datagram) const {
  const std::span<const std::byte> data = std::as_const(datagram.payload->bytes).span();
  const std::size_t before = headers.size() - start;
  const auto admits = admitted({.headers = headers,
                                .data = data,
                                .start = start,
                                .network = kLinkHeaderSize,
                                .protocol = datagram.destination.address.is_v4() ? kLinkType4 : kLinkType6,
                                .device = kLoopbackDevice,
                                .mark = datagram.mark},
                               before > 0 ? before : 1);
  if (!admits) return nullptr;
  if (*admits == before + data.size()) return datagram.payload;
  auto cut = make_ref<Payload>();
  if (!cut || !cut.value()->bytes.append(data.first(*admits - before))) return nullptr;
  return cut.take();
}

// Of datagrams over IPv4 (/proc/net/snmp).
bool DatagramSocket::counts_as_udp(const Endpoint& destination) const {
  return type() == kDatagram && protocol() != kProtocolUdpLite && destination.address.is_v4();
}

void DatagramSocket::too_large_for(const Endpoint& destination) {
  if (!is_v6() || destination.address.is_v4() || !ip_.receive_error6) return;
  auto nothing = make_ref<Payload>();
  if (!nothing) return;
  UserExtendedError error;
  error.error = static_cast<std::uint32_t>(Errno::kMsgSize);
  error.origin = kOriginLocal;
  error.info = static_cast<std::uint32_t>(kLoopbackMtu);
  errors_.add(nothing.take(), destination, Address(), error);
  changes().wake(fs::kPollErr);
}

// A connected socket is told; another one only if it has asked for errors (udp(7)).
void DatagramSocket::unreachable(const OutgoingDatagram& datagram) {
  if (wants_errors()) {
    const bool v4 = datagram.destination.address.is_v4();
    UserExtendedError error;
    error.error = static_cast<std::uint32_t>(Errno::kConnRefused);
    error.origin = v4 ? kOriginIcmp : kOriginIcmp6;
    error.type = v4 ? kUnreachableType : kUnreachableType6;
    error.code = v4 ? kPortUnreachable : kPortUnreachable6;
    errors_.add(datagram.payload, datagram.destination, datagram.destination.address, error);
  } else if (state_ != TcpState::kEstablished) {
    return;
  }
  set_error(Errno::kConnRefused);
  changes().wake(fs::kPollErr);
}

Result<std::size_t> DatagramSocket::receive(IncomingMessage& message) {
  if (message.flags & kErrorQueue) return receive_error(message);
  const auto ready = [this] { return has_error() || !queue_.empty() || (shutdown_ & kReceiveShut); };
  if (has_error()) return take_error();
  if (queue_.empty() && (message.flags & kDontWait)) return Errno::kAgain;
  TRY(wait_to_receive(ready, message.flags & kDontWait, task::WaitKind::kExclusive));
  if (has_error()) return take_error();
  Queued* const first = queue_.front();
  if (!first) return 0;  // shut
  const bool peeks = message.flags & kPeek;
  // What was taken cannot be put back: a page that has to be waited for is waited for before.
  if (auto room = message.data.check_room(std::min(first->payload->bytes.size(), message.data.remaining()));
      !room && message.data.pending())
    return room.error();
  if (!peeks) {
    first->link.unlink();
    charged_ -= first->charge;
    queued_bytes_ -= first->payload->bytes.size();
  }
  // Copying may sleep: what is copied from is held.
  const Ref<Payload> payload = first->payload;
  Queued shown;
  shown.payload = payload;
  shown.source = first->source;
  shown.destination = first->destination;
  shown.ttl = first->ttl;
  shown.tos = first->tos;
  shown.segment_size = first->segment_size;
  shown.time_ns = first->time_ns;
  shown.drops_before = first->drops_before;
  if (!peeks) delete first;
  note_stamp(shown.time_ns);
  const std::size_t size = payload->bytes.size();
  const std::size_t wanted = message.data.remaining();
  const std::size_t copied = std::min(size, wanted);
  if (copied > 0) TRY(message.data.store_exactly(std::as_const(payload->bytes).span().first(copied)));
  if (copied < size) message.result_flags |= kTruncated;
  if (message.name) *message.name = to_socket_address(shown.source, family());
  if (message.control) TRY(put_control(*message.control, shown));
  return message.flags & kTruncated ? size : copied;
}

// In Linux's order: of the socket, then of the protocol, then of IP.
Result<void> DatagramSocket::put_control(ControlOutput& control, const Queued& datagram) const {
  if (options_.timestamp) {
    const Timespec time = to_timespec(datagram.time_ns);
    if (options_.timestamp_ns) {
      TRY(control.put_value(kLevelSocket, kTimestampNs, time));
    } else {
      TRY(control.put_value(kLevelSocket, kTimestamp, Timeval{time.seconds, time.nanoseconds / 1000}));
    }
  }
  if (options_.receive_queue_overflow && datagram.drops_before > 0)
    TRY(control.put_value(kLevelSocket, kReceiveQueueOverflow, datagram.drops_before));
  constexpr int kUdpGro = 104;
  if (receive_segments_ && datagram.segment_size != 0)
    TRY(control.put_value(kLevelUdp, kUdpGro, std::int32_t{datagram.segment_size}));
  const Address& destination = datagram.destination.address;
  if (is_v6()) {
    if (ip_.receive_packet_info6) {
      UserPacketInfo6 info{};
      memcpy(info.address, destination.bytes().data(), sizeof info.address);
      info.device = kLoopbackDevice;
      TRY(control.put_value(kLevelIp6, kIp6PacketInfo, info));
    }
    if (!destination.is_v4()) {
      if (ip_.receive_hop_limit) TRY(control.put_value(kLevelIp6, kIp6HopLimit, std::int32_t{datagram.ttl}));
      if (ip_.receive_traffic_class) TRY(control.put_value(kLevelIp6, kIp6TrafficClass, std::int32_t{datagram.tos}));
    }
    if (ip_.receive_destination6) {
      const SocketAddress original = to_socket_address(datagram.destination, kInet6);
      TRY(control.put(kLevelIp6, kIp6ReceiveDestination, original.bytes()));
    }
  }
  if (!destination.is_v4()) return {};
  if (ip_.packet_info) {
    UserPacketInfo info{};
    info.device = kLoopbackDevice;
    info.local =
        destination.is_multicast() || destination.is_broadcast() ? Address::v4_of(127, 0, 0, 1).v4() : destination.v4();
    info.destination = destination.v4();
    TRY(control.put_value(kLevelIp, kIpPacketInfo, info));
  }
  if (ip_.receive_ttl) TRY(control.put_value(kLevelIp, kIpTtl, std::int32_t{datagram.ttl}));
  if (ip_.receive_tos) TRY(control.put_value(kLevelIp, kIpTos, datagram.tos));
  if (ip_.receive_destination) {
    const SocketAddress original = to_socket_address(datagram.destination, kInet);
    TRY(control.put(kLevelIp, kIpReceiveDestination, original.bytes()));
  }
  return {};
}

// ip_recv_error() of Linux: what was sent, to whom, and what has become of it.
Result<std::size_t> DatagramSocket::receive_error(IncomingMessage& message) {
  SentError* const first = errors_.front();
  if (!first) return Errno::kAgain;
  const Ref<Payload> payload = first->payload;
  if (auto room = message.data.check_room(std::min(payload->bytes.size(), message.data.remaining()));
      !room && message.data.pending())
    return room.error();
  const Endpoint destination = first->destination;
  const Address offender = first->offender;
  const UserExtendedError error = first->error;
  errors_.pop();
  const std::size_t copied = std::min(payload->bytes.size(), message.data.remaining());
  if (copied > 0) TRY(message.data.store_exactly(std::as_const(payload->bytes).span().first(copied)));
  if (copied < payload->bytes.size()) message.result_flags |= kTruncated;
  message.result_flags |= kErrorQueue;
  if (message.name) *message.name = to_socket_address(destination, family());
  // The next one's error is the socket's (sock_dequeue_err_skb() of Linux).
  if (errors_.empty()) {
    take_error();
  } else if (errors_.front()->error.origin != kOriginLocal) {
    set_error(static_cast<Errno>(errors_.front()->error.error));
  }
  if (!message.control) return copied;
  struct {
    UserExtendedError error;
    UserInetAddress offender;
  } report{error, {}};
  struct {
    UserExtendedError error;
    UserInet6Address offender;
  } report6{error, {}};
  if (error.origin == kOriginLocal) report6.offender.family = report.offender.family = kUnspecified;
  if (is_v6()) {
    memcpy(report6.offender.address, offender.bytes().data(), sizeof report6.offender.address);
    TRY(message.control->put_value(kLevelIp6, kIp6ReceiveError, report6));
  } else {
    report.offender.address = offender.v4();
    TRY(message.control->put_value(kLevelIp, kIpReceiveError, report));
  }
  return copied;
}

}  // namespace kernel::net::inet
