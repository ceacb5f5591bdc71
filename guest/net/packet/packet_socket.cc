// See Linux's net/packet/af_packet.c.
#include "net/packet/packet_socket.h"

#include <algorithm>
#include <new>
#include <utility>

#include "task/task.h"

namespace kernel::net::packet {

namespace {

constexpr std::size_t kAddressSize = 6;                           // of the link
constexpr std::uint16_t kLoopbackHardware = 772;                  // ARPHRD_LOOPBACK
constexpr std::uint32_t kDevice = 1;                              // lo
constexpr std::uint16_t kAll = __builtin_bswap16(3);              // ETH_P_ALL
constexpr std::size_t kLargestData = 65536 + 4;                   // the device's MTU, and room for a VLAN's tag
constexpr std::uint8_t kHost = 0, kOtherHost = 3, kOutgoing = 4;  // PACKET_*
constexpr std::uint32_t kRequestInQueue = 0x541b, kRequestOutQueue = 0x5411;

// Linux's struct sockaddr_ll.
struct UserLinkAddress {
  std::uint16_t family = kPacket;
  std::uint16_t protocol = 0;  // in network order
  std::int32_t device = 0;
  std::uint16_t hardware = 0;
  std::uint8_t kind = 0;
  std::uint8_t address_size = 0;
  std::uint8_t address[8] = {};
};
static_assert(sizeof(UserLinkAddress) == 20);
constexpr std::size_t kAddressAt = 12;

std::uint16_t protocol_of(const Frame& frame) {
  std::uint16_t protocol;
  memcpy(&protocol, frame.bytes.data() + kLinkHeaderSize - sizeof protocol, sizeof protocol);
  return protocol;
}

// Whether it is for the device, whose address is all zero.
bool is_for_device(const Frame& frame) {
  for (std::size_t i = 0; i < kAddressSize; ++i) {
    if (frame.bytes[i] != std::byte{0}) return false;
  }
  return true;
}

}  // namespace

constinit Global<List<PacketSocket, &PacketSocket::socket_link_>> PacketSocket::g_sockets;

Result<Ref<Socket>> PacketSocket::create(int type, int protocol) {
  if (!task::current().credentials.can(task::Capability::kNetRaw)) return Errno::kPerm;
  if (type != kRaw && type != kDatagram) return Errno::kSockTNoSupport;
  if (g_count >= kMostSockets) return Errno::kNoBufs;
  return Ref<Socket>(TRY(make_ref<PacketSocket>(type, static_cast<std::uint16_t>(protocol))));
}

PacketSocket::PacketSocket(int type, std::uint16_t protocol)
    : Socket(kPacket, type, protocol), bound_protocol_(protocol) {
  ++g_count;
  g_sockets->push_back(*this);
}

PacketSocket::~PacketSocket() {
  while (Queued* first = queue_.front()) drop(*first);
  --g_count;
}

void PacketSocket::closed() {
  socket_link_.unlink();
  while (Queued* first = queue_.front()) drop(*first);
}

void PacketSocket::drop(Queued& queued) {
  const std::size_t charge = queued.size + kOverhead;
  charged_ -= charge;
  g_queued -= charge;
  delete &queued;
}

Result<void> PacketSocket::bind(const SocketAddress& address) {
  if (address.size() < sizeof(UserLinkAddress) || address.family() != kPacket) return Errno::kInval;
  const auto name = address.as<UserLinkAddress>();
  if (name.device != 0 && name.device != kDevice) return Errno::kNoDev;
  bound_device_ = static_cast<std::uint32_t>(name.device);
  if (name.protocol != 0) bound_protocol_ = name.protocol;
  return {};
}

Result<SocketAddress> PacketSocket::local_name() {
  UserLinkAddress name;
  name.protocol = bound_protocol_;
  name.device = static_cast<std::int32_t>(bound_device_);
  if (bound_device_ != 0) name.hardware = kLoopbackHardware, name.address_size = kAddressSize;
  return SocketAddress::of(name, kAddressAt + name.address_size);
}

void PacketSocket::show(const Ref<Frame>& frame, const PacketSocket* from) {
  const std::uint16_t protocol = protocol_of(*frame);
  // As it leaves: for who wants all, but not for who has sent it.
  for (PacketSocket& socket : *g_sockets) {
    if (socket.bound_protocol_ == kAll && &socket != from) socket.take(frame, kOutgoing);
  }
  const std::uint8_t kind = is_for_device(*frame) ? kHost : kOtherHost;
  for (PacketSocket& socket : *g_sockets) {
    if (socket.bound_protocol_ == kAll || socket.bound_protocol_ == protocol) socket.take(frame, kind);
  }
}

void PacketSocket::take(const Ref<Frame>& frame, std::uint8_t kind) {
  if (bound_protocol_ == 0) return;
  const std::span<const std::byte> bytes = std::as_const(frame->bytes).span();
  const std::size_t start = type() == kDatagram ? kLinkHeaderSize : 0;
  const auto admits = admitted({.headers = bytes.first(kLinkHeaderSize),
                                .data = bytes.subspan(kLinkHeaderSize),
                                .start = start,
                                .network = kLinkHeaderSize,
                                .protocol = __builtin_bswap16(protocol_of(*frame)),
                                .device = kDevice});
  if (!admits || charged_ >= options_.receive_buffer || g_queued >= kMostQueued) return;
  auto* queued = new (std::nothrow) Queued{};
  if (!queued) return;
  queued->frame = frame;
  queued->start = start;
  queued->size = *admits;
  queued->kind = kind;
  queued->protocol = protocol_of(*frame);
  charged_ += queued->size + kOverhead;
  g_queued += queued->size + kOverhead;
  queue_.push_back(*queued);
  changes().wake(fs::kPollReadable);
}

// packet_snd() of Linux.
Result<std::size_t> PacketSocket::send(OutgoingMessage& message) {
  std::uint16_t protocol = bound_protocol_;
  std::uint32_t device = bound_device_;
  std::uint8_t destination[kAddressSize] = {};
  if (message.name) {
    if (message.name->size() < kAddressAt) return Errno::kInval;
    const auto name = message.name->as<UserLinkAddress>();
    if (message.name->size() < kAddressAt + name.address_size) return Errno::kInval;
    protocol = name.protocol;
    device = static_cast<std::uint32_t>(name.device);
    memcpy(destination, name.address, kAddressSize);
  }
  if (device != kDevice) return Errno::kNxio;
  const std::size_t size = message.data.remaining(), reserve = type() == kRaw ? 0 : kLinkHeaderSize;
  if (size + reserve > kLargestData + kLinkHeaderSize) return Errno::kMsgSize;
  if (size + reserve < kLinkHeaderSize) return Errno::kInval;
  Ref<Frame> frame = TRY(make_ref<Frame>());
  TRY(frame->bytes.resize(size + reserve));
  TRY(message.data.load_exactly(frame->bytes.span().subspan(reserve)));
  if (reserve > 0) {
    memcpy(frame->bytes.data(), destination, kAddressSize);
    memcpy(frame->bytes.data() + kLinkHeaderSize - sizeof protocol, &protocol, sizeof protocol);
  }
  show(frame, this);
  return size;
}

Result<std::size_t> PacketSocket::receive(IncomingMessage& message) {
  if (message.flags & (kOutOfBand | kWaitAll)) return Errno::kInval;
  if (message.flags & kErrorQueue) return Errno::kAgain;
  TRY(wait_to_receive([this] { return !queue_.empty(); }, message.flags & kDontWait, task::WaitKind::kExclusive));
  Queued* const first = queue_.front();
  const std::size_t copied = std::min(first->size, message.data.remaining());
  if (auto room = message.data.check_room(copied); !room && message.data.pending()) return room.error();
  // Copying may sleep: what is copied from is held.
  const Ref<Frame> frame = first->frame;
  const std::size_t start = first->start, size = first->size;
  UserLinkAddress name;
  name.protocol = first->protocol;
  name.device = kDevice;
  name.hardware = kLoopbackHardware;
  name.kind = first->kind;
  name.address_size = kAddressSize;
  memcpy(name.address, frame->bytes.data() + kAddressSize, kAddressSize);  // the source's
  if (!(message.flags & kPeek)) drop(*first);
  if (copied > 0) TRY(message.data.store_exactly(std::as_const(frame->bytes).span().subspan(start, copied)));
  if (copied < size) message.result_flags |= kTruncated;
  if (message.name) *message.name = SocketAddress::of(name);
  return message.flags & kTruncated ? size : copied;
}

std::uint32_t PacketSocket::events() {
  const std::uint32_t writable = fs::kPollWritable | fs::kPollWriteBand;
  return queue_.empty() ? writable : writable | fs::kPollReadable;
}

Result<std::uint64_t> PacketSocket::ioctl(std::uint32_t request, std::uint64_t argument) {
  if (request != kRequestInQueue && request != kRequestOutQueue) return Errno::kNoTty;
  const Queued* first = request == kRequestInQueue ? queue_.front() : nullptr;
  TRY(mm::UserPtr<std::int32_t>(argument).write(first ? static_cast<std::int32_t>(first->size) : 0));
  return 0;
}

void show_packet(std::span<const std::byte> headers, std::span<const std::byte> data) {
  if (!PacketSocket::any()) return;
  auto frame = make_ref<Frame>();
  if (!frame || !frame.value()->bytes.append(headers) || !frame.value()->bytes.append(data)) return;  // it is not seen
  PacketSocket::show(frame.take(), nullptr);
}

}  // namespace kernel::net::packet
