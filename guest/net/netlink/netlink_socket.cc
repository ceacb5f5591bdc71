// Making, naming and asking netlink sockets. See Linux's net/netlink/af_netlink.c.
#include "net/netlink/netlink_socket.h"

#include <algorithm>
#include <utility>

#include "lib/random.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::net::netlink {

namespace {

constexpr std::size_t kSendBufferReserve = 32;
constexpr std::size_t kAnswerOverhead = 256;     // what an answer costs beyond its bytes
constexpr std::uint32_t kMostSockets = 1 << 16;  // the kernel's memory for them has an end
constexpr std::uint32_t kRouteGroups = 39;       // RTNLGRP_MAX
constexpr std::uint32_t kLeastGroups = 32;
constexpr std::uint32_t kAutomaticPorts = 4096;  // beyond the process's id: from -4096 downwards

// NETLINK_KOBJECT_UEVENT (udev(7)): no device comes or goes here. Who may announce one for all others reaches nobody.
Result<Handled> handle_device_event(NetlinkSocket&, const Request&) {
  return task::current().credentials.can(task::Capability::kSysAdmin) ? Result<Handled>(Handled::kDone) : Errno::kPerm;
}

constexpr Protocol kProtocols[] = {
    {kRouteProtocol, kRouteGroups, handle_route},
    {kSocketDiagnosis, kLeastGroups, handle_diagnosis},
    {kDeviceEvents, kLeastGroups, handle_device_event},
};

constinit std::uint32_t g_socket_count = 0;

const Protocol* find_protocol(int number) {
  for (const Protocol& protocol : kProtocols) {
    if (protocol.number == number) return &protocol;
  }
  return nullptr;
}

bool can(task::Capability capability) {
  return task::current().credentials.can(capability);
}

Result<UserNetlinkAddress> checked(const SocketAddress& address) {
  if (address.size() < sizeof(UserNetlinkAddress) || address.family() != kNetlink) return Errno::kInval;
  return address.as<UserNetlinkAddress>();
}

}  // namespace

Result<Ref<Dump>> Dump::create(const Request& request, Fill fill) {
  auto dump = TRY(make_ref<Dump>(request.header, fill));
  TRY(dump->contents_.append(request.contents));
  return dump;
}

constinit Global<NetlinkSocket::Sockets> NetlinkSocket::g_sockets;

NetlinkSocket* NetlinkSocket::find(int protocol, std::uint32_t port) {
  for (NetlinkSocket& socket : *g_sockets) {
    if (socket.protocol() == protocol && socket.port_ == port) return &socket;
  }
  return nullptr;
}

Result<Ref<Socket>> NetlinkSocket::create(int type, int protocol) {
  if (type != kRaw && type != kDatagram) return Errno::kSockTNoSupport;
  if (!find_protocol(protocol)) return Errno::kProtoNoSupport;
  if (g_socket_count >= kMostSockets) return Errno::kNoBufs;
  auto socket = TRY(make_ref<NetlinkSocket>(type, protocol));
  ++g_socket_count;
  g_sockets->push_back(*socket);
  return Ref<Socket>(std::move(socket));
}

NetlinkSocket::~NetlinkSocket() {
  drop_queue();
}

void NetlinkSocket::drop_queue() {
  while (Answer* answer = queue_.pop_front()) answer->release();
  queued_bytes_ = 0;
}

void NetlinkSocket::closed() {
  if (!socket_link_.linked()) return;
  socket_link_.unlink();
  --g_socket_count;
  dump_ = nullptr;
  drop_queue();
}

Result<void> NetlinkSocket::take_port(std::uint32_t port) {
  if (find(protocol(), port)) return Errno::kAddrInUse;
  port_ = port;
  return {};
}

// The process's id, or a number that is none.
Result<void> NetlinkSocket::name_automatically() {
  if (port_ != 0) return {};
  if (take_port(static_cast<std::uint32_t>(task::current().process->ids.pid))) return {};
  std::uint32_t port = ~std::uint32_t{0} - kAutomaticPorts - random_value<std::uint32_t>() % (1u << 30);
  while (!take_port(port)) --port;
  return {};
}

Result<void> NetlinkSocket::bind(const SocketAddress& address) {
  const auto name = TRY(checked(address));
  if (port_ != 0 && port_ != name.port) return Errno::kInval;
  if (port_ == 0) TRY(name.port != 0 ? take_port(name.port) : name_automatically());
  if (name.groups != 0) has_groups_ = true;
  groups_ = (groups_ & ~std::uint64_t{0xffff'ffff}) | name.groups;
  return {};
}

Result<void> NetlinkSocket::connect(const SocketAddress& address, bool) {
  if (address.size() < sizeof(std::uint16_t)) return Errno::kInval;
  if (address.family() == kUnspecified) {
    peer_port_ = peer_groups_ = 0;
    return {};
  }
  const auto name = TRY(checked(address));
  if ((name.groups != 0 || name.port != 0) && !can(task::Capability::kNetAdmin)) return Errno::kPerm;
  TRY(name_automatically());
  peer_port_ = name.port;
  peer_groups_ = name.groups & (~name.groups + 1);  // the lowest one
  return {};
}

Result<SocketAddress> NetlinkSocket::local_name() {
  return SocketAddress::of(UserNetlinkAddress{.port = port_, .groups = static_cast<std::uint32_t>(groups_)});
}

Result<SocketAddress> NetlinkSocket::peer_name() {
  return SocketAddress::of(UserNetlinkAddress{.port = peer_port_, .groups = peer_groups_});
}

Result<std::size_t> NetlinkSocket::send(OutgoingMessage& message) {
  if (message.flags & kOutOfBand) return Errno::kOpNotSupp;
  const std::size_t size = message.data.remaining();
  if (size == 0) return Errno::kNoData;
  std::uint32_t to_port = peer_port_, to_groups = peer_groups_;
  if (message.name) {
    const auto name = TRY(checked(*message.name));
    to_port = name.port;
    to_groups = name.groups;
    if ((to_groups != 0 || to_port != 0) && !can(task::Capability::kNetAdmin)) return Errno::kPerm;
  }
  TRY(name_automatically());
  if (size > options_.send_buffer - kSendBufferReserve) return Errno::kMsgSize;
  Vector<std::byte> datagram;
  if (!datagram.resize(size)) return Errno::kNoBufs;
  TRY(message.data.load_exactly(datagram.span()));
  // Nobody in a group hears what a socket sends there: only the kernel's word counts, and it has none.
  if (to_port != 0) {
    TRY(send_to_socket(to_port, datagram.span()));
  } else if (to_groups == 0) {
    handle(datagram.span());
  }
  return size;
}

Result<void> NetlinkSocket::send_to_socket(std::uint32_t port, std::span<const std::byte> bytes) {
  NetlinkSocket* receiver = find(protocol(), port);
  if (!receiver || (receiver->peer_port_ != 0 && receiver->peer_port_ != port_)) return Errno::kConnRefused;
  if (receiver->full()) return Errno::kAgain;
  auto answer = TRY(make_ref<Answer>());
  TRY(answer->set(bytes));
  answer->from_port = port_;
  const task::Task& self = task::current();
  answer->pid = self.process->ids.pid;
  answer->uid = self.credentials.euid;
  answer->gid = self.credentials.egid;
  receiver->enqueue(std::move(answer));
  return {};
}

// netlink_rcv_skb(): as many messages as are whole.
void NetlinkSocket::handle(std::span<const std::byte> datagram) {
  const Protocol& protocol = *find_protocol(this->protocol());
  while (datagram.size() >= sizeof(Header)) {
    Header header;
    memcpy(&header, datagram.data(), sizeof header);
    if (header.length < sizeof header || header.length > datagram.size()) return;
    const Request request(header, datagram.subspan(sizeof header, header.length - sizeof header));
    Errno error = Errno::kNone;
    bool dumping = false;
    if ((header.flags & kRequest) && header.type >= kFirstType) {
      auto handled = protocol.handle(*this, request);
      error = handled.error();
      dumping = handled && handled.value() == Handled::kDumping;
    }
    if (!dumping && (error != Errno::kNone || (header.flags & kAcknowledge))) acknowledge(request, error);
    datagram = datagram.subspan(std::min(aligned(header.length), datagram.size()));
  }
}

void NetlinkSocket::acknowledge(const Request& request, Errno error) {
  const bool whole = error != Errno::kNone && !cap_acknowledgement_;
  auto made = make_ref<Answer>();
  if (!made) return set_error(Errno::kNoBufs);
  Ref<Answer> answer = made.take();
  answer->begin(kTypeError, whole ? 0 : kCapped, request.header, port_);
  answer->put_body(-static_cast<std::int32_t>(error));
  answer->put_body(request.header);
  if (whole) answer->put_raw(request.contents);
  answer->end();
  if (!deliver(std::move(answer))) set_error(Errno::kNoBufs);
}

Result<Ref<Answer>> NetlinkSocket::begin_answer(const Request& request, std::uint16_t type) const {
  Ref<Answer> answer = TRY(make_ref<Answer>());
  answer->begin(type, 0, request.header, port_);
  return answer;
}

Result<void> NetlinkSocket::deliver(Ref<Answer> answer) {
  TRY(answer->status());
  if (full()) {
    if (!no_no_bufs_) set_error(Errno::kNoBufs);
    changes().wake_all();
    return {};
  }
  enqueue(std::move(answer));
  return {};
}

void NetlinkSocket::enqueue(Ref<Answer> answer) {
  const auto admits = admitted({.data = answer->bytes()});
  if (!admits) return;
  answer->trim(*admits);
  queued_bytes_ += answer->size() + kAnswerOverhead;
  queue_.push_back(*answer.leak());
  changes().wake(fs::kPollReadable);
}

bool NetlinkSocket::notify(std::span<const std::byte> bytes) {
  if (!socket_link_.linked()) return false;  // nobody has it any more
  auto answer = make_ref<Answer>();
  if (full() || !answer || !answer.value()->set(bytes)) return false;
  enqueue(answer.take());
  return true;
}

Result<void> NetlinkSocket::start_dump(const Request& request, Dump::Fill fill) {
  if (dump_) return Errno::kBusy;
  dump_ = TRY(Dump::create(request, fill));
  dump_->port = port_;
  dump_->strict = strict_check_;
  continue_dump();
  return {};
}

// The next datagram of a dump, if there is room for it.
void NetlinkSocket::continue_dump() {
  if (!dump_ || queued_bytes_ > options_.receive_buffer / 2) return;
  auto made = make_ref<Answer>();
  if (!made) {  // nobody would go on with it
    dump_ = nullptr;
    return set_error(Errno::kNoBufs);
  }
  Ref<Answer> answer = made.take();
  const Ref<Dump> dump = dump_;
  if (!dump->filled) dump->filled = dump->fill(*dump, *answer);
  if (dump->filled && (!dump->done_apart || answer->size() == 0)) {
    dump->begin(*answer, kTypeDone);
    answer->put_body(dump->result);
    answer->end();
    dump_ = nullptr;
  }
  if (!deliver(std::move(answer))) {
    dump_ = nullptr;
    set_error(Errno::kNoBufs);
  }
}

std::uint32_t NetlinkSocket::events() {
  std::uint32_t events = fs::kPollWritable | fs::kPollWriteBand;
  if (has_error()) events |= fs::kPollErr;
  if (!queue_.empty()) events |= fs::kPollReadable;
  return events;
}

Result<std::size_t> NetlinkSocket::receive(IncomingMessage& message) {
  if (message.flags & kOutOfBand) return Errno::kOpNotSupp;
  if (has_error()) return take_error();
  TRY(wait_to_receive([&] { return !queue_.empty() || has_error(); }, message.flags & kDontWait));
  if (has_error()) return take_error();
  const Ref<Answer> answer(queue_.front());
  const std::size_t size = std::min(answer->size(), message.data.remaining());
  if (auto room = message.data.check_room(size); !room && message.data.pending()) return room.error();
  if (!(message.flags & kPeek)) {
    queue_.pop_front();
    queued_bytes_ -= answer->size() + kAnswerOverhead;
    answer->release();
  }
  if (size < answer->size()) message.result_flags |= kTruncated;
  if (message.name) {
    *message.name = SocketAddress::of(
        UserNetlinkAddress{.port = answer->from_port, .groups = answer->group ? 1u << (answer->group - 1) : 0});
  }
  TRY(message.data.store_exactly(answer->bytes().first(size)));
  if (message.control) {
    if (packet_info_) TRY(message.control->put_value(kLevelNetlink, kPacketInfo, answer->group));
    if (options_.pass_credentials) {
      const UserCredentials sender{answer->pid, answer->uid, answer->gid};
      TRY(message.control->put_value(kLevelSocket, kCredentials, sender));
    }
  }
  continue_dump();
  return message.flags & kTruncated ? answer->size() : size;
}

Result<void> NetlinkSocket::change_membership(const OptionInput& value, bool join) {
  std::int32_t group = 0;
  if (value.size() >= sizeof group) group = TRY(value.integer());
  const std::uint32_t groups = find_protocol(protocol())->groups;
  has_groups_ = true;
  if (group <= 0 || static_cast<std::uint32_t>(group) > groups) return Errno::kInval;
  const std::uint64_t bit = std::uint64_t{1} << (group - 1);
  groups_ = join ? groups_ | bit : groups_ & ~bit;
  return {};
}

Result<void> NetlinkSocket::set_option(int level, int name, const OptionInput& value) {
  if (level == kLevelSocket && name == kPassCredentials) {
    options_.pass_credentials = TRY(value.flag());
    return {};
  }
  if (level != kLevelNetlink) return Errno::kNoProtoOpt;
  if (name == kAddMembership || name == kDropMembership) return change_membership(value, name == kAddMembership);
  std::int32_t number = 0;
  if (value.size() >= sizeof number) number = TRY(value.integer());
  const bool on = number != 0;
  switch (name) {
    case kPacketInfo:
      packet_info_ = on;
      return {};
    case kBroadcastError:
      broadcast_error_ = on;
      return {};
    case kNoNoBufs:
      no_no_bufs_ = on;
      return {};
    case kListenAllNamespaces:  // there is one
      return can(task::Capability::kNetBroadcast) ? Result<void>() : Errno::kPerm;
    case kCapAcknowledgement:
      cap_acknowledgement_ = on;
      return {};
    case kExtendedAcknowledgement:
      extended_acknowledgement_ = on;
      return {};
    case kStrictCheck:
      strict_check_ = on;
      return {};
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> NetlinkSocket::get_option(int level, int name, OptionOutput& value) {
  if (level != kLevelNetlink) return Errno::kNoProtoOpt;
  if (name == kListMemberships) {
    const std::uint32_t groups = has_groups_ ? find_protocol(protocol())->groups : 0;
    const std::size_t whole = (groups + 31) / 32 * sizeof(std::uint32_t);
    return value.put_of(std::as_bytes(std::span(&groups_, 1)).first(std::min(whole, value.room() & ~std::size_t{3})),
                        whole);
  }
  bool on = false;
  switch (name) {
    case kPacketInfo:
      on = packet_info_;
      break;
    case kBroadcastError:
      on = broadcast_error_;
      break;
    case kNoNoBufs:
      on = no_no_bufs_;
      break;
    case kListenAllNamespaces:
      break;
    case kCapAcknowledgement:
      on = cap_acknowledgement_;
      break;
    case kExtendedAcknowledgement:
      on = extended_acknowledgement_;
      break;
    case kStrictCheck:
      on = strict_check_;
      break;
    default:
      return Errno::kNoProtoOpt;
  }
  if (value.room() < sizeof(std::int32_t)) return Errno::kInval;
  return value.put_integer(on);
}

}  // namespace kernel::net::netlink
