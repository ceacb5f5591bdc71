// NETLINK_SOCK_DIAG (sock_diag(7)): what ss(8) asks. TCP, UDP and Unix sockets, all that match or one by its names. See Linux's
// net/ipv4/inet_diag.c and net/unix/diag.c.
#include "net/inet/inspect.h"
#include "net/netlink/netlink_socket.h"
#include "net/unix/unix_socket.h"

namespace kernel::net::netlink {

namespace {

constexpr int kProtocolTcp = 6, kProtocolUdp = 17;
constexpr std::uint32_t kNoCookie = ~std::uint32_t{0};  // INET_DIAG_NOCOOKIE: any

// <linux/inet_diag.h>
enum InetAttribute : std::uint16_t {
  kMemory = 1,
  kCongestion = 4,
  kTypeOfService = 5,
  kTrafficClass = 6,
  kSocketMemory = 7,
  kShutdown = 8,
  kOnlyV6 = 11,
};
constexpr bool wants(const InetRequest& request, std::uint16_t attribute) {
  return request.extensions >> (attribute - 1) & 1;
}

void copy_address(std::uint32_t (&words)[4], const inet::Endpoint& endpoint, int family) {
  if (family == kInet) {
    words[0] = endpoint.address.is_v4() ? endpoint.address.v4() : 0;
  } else if (endpoint.address != inet::Address::of_v4(0)) {
    memcpy(words, endpoint.address.bytes().data(), sizeof words);
  }
}

void put_inet_socket(Answer& answer, const InetRequest& request, const inet::SocketView& socket) {
  InetMessage message;
  message.family = static_cast<std::uint8_t>(socket.family);
  message.state = static_cast<std::uint8_t>(socket.state);
  message.id.source_port = inet::swap_port(socket.local.port);
  message.id.destination_port = inet::swap_port(socket.remote.port);
  copy_address(message.id.source, socket.local, socket.family);
  copy_address(message.id.destination, socket.remote, socket.family);
  // A number that tells the socket from others, as its inode's does.
  message.id.cookie[0] = static_cast<std::uint32_t>(socket.inode);
  message.receive_queue = static_cast<std::uint32_t>(socket.receive_queue);
  message.send_queue = static_cast<std::uint32_t>(socket.send_queue);
  message.uid = socket.uid;
  message.inode = static_cast<std::uint32_t>(socket.inode);
  const bool ended = socket.timer_ns != 0;
  if (ended) {
    const std::uint64_t now = monotonic_ns();
    message.timer = 3;
    message.expires_ms = socket.timer_ns > now ? static_cast<std::uint32_t>((socket.timer_ns - now) / 1'000'000) : 0;
  }
  answer.put_body(message);
  if (ended) return;
  answer.put_u8(kShutdown, 0);
  if (wants(request, kTypeOfService)) answer.put_u8(kTypeOfService, 0);
  if (wants(request, kTrafficClass) && socket.family == kInet6) answer.put_u8(kTrafficClass, 0);
  const bool unconnected = socket.state == inet::TcpState::kListen || socket.state == inet::TcpState::kClose;
  if (socket.family == kInet6 && unconnected) {
    // What is bound to an address of IPv6 speaks nothing else (__inet6_bind() of Linux).
    const bool bound6 = !socket.local.address.is_v4() && !socket.local.address.is_any();
    answer.put_u8(kOnlyV6, socket.v6_only || bound6);
  }
  if (wants(request, kMemory)) {
    const std::uint32_t memory[4] = {message.receive_queue, 0, 0, message.send_queue};
    answer.put_value(kMemory, memory);
  }
  if (wants(request, kSocketMemory)) {
    const std::uint32_t memory[9] = {
        message.receive_queue, socket.receive_buffer, message.send_queue, socket.send_buffer, 0, 0, 0, 0, socket.drops};
    answer.put_value(kSocketMemory, memory);
  }
  if (request.protocol == kProtocolTcp && wants(request, kCongestion)) answer.put_string(kCongestion, "cubic");
}

template <typename Visit>
void for_each_inet(int protocol, Visit visit) {
  if (protocol == kProtocolTcp) {
    inet::for_each_tcp(visit);
  } else {
    inet::for_each_udp(visit);
  }
}

bool matches(const InetRequest& request, const inet::SocketView& socket) {
  if (request.family != 0 && request.family != socket.family) return false;
  if (!(request.states >> static_cast<unsigned>(socket.state) & 1)) return false;
  if (request.id.source_port != 0 && request.id.source_port != inet::swap_port(socket.local.port)) return false;
  return request.id.destination_port == 0 || request.id.destination_port == inet::swap_port(socket.remote.port);
}

// Visits all that match, from the position on, until the answer is full: what comes and goes meanwhile may be missed or seen
// twice, as on Linux.
bool fill_inet_sockets(Dump& dump, Answer& answer) {
  const auto request = dump.request().body<InetRequest>();
  std::uint64_t index = 0;
  bool complete = true;
  for_each_inet(request.protocol, [&](const inet::SocketView& socket) {
    if (!matches(request, socket) || index++ < dump.position) return;
    if (answer.full()) {
      complete = false;
      return;
    }
    ++dump.position;
    dump.begin(answer, kDiagnoseByFamily);
    put_inet_socket(answer, request, socket);
    answer.end();
  });
  dump.done_apart = true;
  return complete;
}

// The one with these names; else a listener to the local one.
Result<Handled> get_inet_socket(NetlinkSocket& socket, const Request& request, const InetRequest& what) {
  if (what.family != kInet && what.family != kInet6) return Errno::kInval;
  std::optional<inet::SocketView> found;
  for_each_inet(what.protocol, [&](const inet::SocketView& view) {
    if (view.family != what.family || inet::swap_port(view.local.port) != what.id.source_port) return;
    if (view.remote.port != 0 && inet::swap_port(view.remote.port) != what.id.destination_port) return;
    std::uint32_t words[4] = {};
    copy_address(words, view.local, view.family);
    const std::size_t size = view.family == kInet ? 4 : 16;
    if (!view.local.address.is_any() && memcmp(words, what.id.source, size) != 0) return;
    if (!found || view.remote.port != 0) found = view;
  });
  if (!found) return Errno::kNoEnt;
  const bool any = what.id.cookie[0] == kNoCookie && what.id.cookie[1] == kNoCookie;
  if (!any && what.id.cookie[0] != static_cast<std::uint32_t>(found->inode)) return Errno::kStale;
  Ref<Answer> answer = TRY(socket.begin_answer(request, kDiagnoseByFamily));
  put_inet_socket(*answer, what, *found);
  answer->end();
  TRY(socket.deliver(std::move(answer)));
  return Handled::kDone;
}

Result<Handled> diagnose_inet(NetlinkSocket& socket, const Request& request) {
  const auto what = request.body<InetRequest>();
  if (!request.has(sizeof what)) return Errno::kInval;
  if (what.protocol != kProtocolTcp && what.protocol != kProtocolUdp) return Errno::kNoEnt;
  if (!request.is_dump()) return get_inet_socket(socket, request, what);
  TRY(socket.start_dump(request, fill_inet_sockets));
  return Handled::kDumping;
}

// <linux/unix_diag.h>
enum UnixShow : std::uint32_t {
  kShowName = 1,
  kShowPlace = 2,
  kShowPeer = 4,
  kShowConnections = 8,
  kShowQueues = 16,
  kShowMemory = 32,
  kShowUid = 64
};
enum UnixAttribute : std::uint16_t {
  kUnixName = 0,
  kUnixPlace = 1,
  kUnixPeer = 2,
  kUnixConnections = 3,
  kUnixQueues = 4,
  kUnixMemory = 5,
  kUnixShutdown = 6,
  kUnixUid = 7
};

inet::TcpState state_of(const UnixSocket& socket) {
  if (socket.listening()) return inet::TcpState::kListen;
  return socket.peer() ? inet::TcpState::kEstablished : inet::TcpState::kClose;
}

void put_unix_socket(Answer& answer, std::uint32_t show, UnixSocket& socket) {
  UnixMessage message;
  message.family = kUnix;
  message.type = static_cast<std::uint8_t>(socket.type());
  message.state = static_cast<std::uint8_t>(state_of(socket));
  message.inode = static_cast<std::uint32_t>(inet::inode_number(socket));
  message.cookie[0] = message.inode;
  answer.put_body(message);
  const UnixName& name = socket.name();
  if ((show & kShowName) && !name.empty()) answer.put(kUnixName, std::as_bytes(std::span(name.bytes())));
  if ((show & kShowPlace) && socket.bound_inode()) {
    if (auto metadata = socket.bound_inode()->metadata()) {
      const std::uint32_t place[2] = {static_cast<std::uint32_t>(metadata.value().inode),
                                      static_cast<std::uint32_t>(metadata.value().device)};
      answer.put_value(kUnixPlace, place);
    }
  }
  if ((show & kShowPeer) && socket.peer()) {
    answer.put_u32(kUnixPeer, static_cast<std::uint32_t>(inet::inode_number(*socket.peer())));
  }
  if (show & kShowQueues) {
    const bool listens = socket.listening();
    const std::uint32_t queues[2] = {
        static_cast<std::uint32_t>(listens ? socket.waiting_connections() : socket.bytes_to_read()),
        static_cast<std::uint32_t>(listens ? socket.backlog() : socket.bytes_sent())};
    answer.put_value(kUnixQueues, queues);
  }
  if (show & kShowMemory) {
    const std::uint32_t memory[9] = {0, kDefaultBuffer, static_cast<std::uint32_t>(socket.bytes_sent()),
                                     kDefaultBuffer};
    answer.put_value(kUnixMemory, memory);
  }
  answer.put_u8(kUnixShutdown, socket.shut_down());
  if (show & kShowUid) {
    if (socket.inode()) {
      if (auto metadata = socket.inode()->metadata()) answer.put_u32(kUnixUid, metadata.value().uid);
    }
  }
}

bool fill_unix_sockets(Dump& dump, Answer& answer) {
  const auto request = dump.request().body<UnixRequest>();
  std::uint64_t index = 0;
  dump.done_apart = true;
  for (UnixSocket& socket : UnixSocket::all()) {
    if (!(request.states >> static_cast<unsigned>(state_of(socket)) & 1) || index++ < dump.position) continue;
    if (answer.full()) return false;
    ++dump.position;
    dump.begin(answer, kDiagnoseByFamily);
    put_unix_socket(answer, request.show, socket);
    answer.end();
  }
  return true;
}

Result<Handled> diagnose_unix(NetlinkSocket& socket, const Request& request) {
  const auto what = request.body<UnixRequest>();
  if (!request.has(sizeof what)) return Errno::kInval;
  if (request.is_dump()) {
    TRY(socket.start_dump(request, fill_unix_sockets));
    return Handled::kDumping;
  }
  if (what.inode == 0) return Errno::kInval;
  for (UnixSocket& found : UnixSocket::all()) {
    if (inet::inode_number(found) != what.inode) continue;
    const bool any = what.cookie[0] == kNoCookie && what.cookie[1] == kNoCookie;
    if (!any && what.cookie[0] != what.inode) return Errno::kStale;
    Ref<Answer> answer = TRY(socket.begin_answer(request, kDiagnoseByFamily));
    put_unix_socket(*answer, what.show, found);
    answer->end();
    TRY(socket.deliver(std::move(answer)));
    return Handled::kDone;
  }
  return Errno::kNoEnt;
}

}  // namespace

Result<Handled> handle_diagnosis(NetlinkSocket& socket, const Request& request) {
  switch (request.header.type) {
    case kDiagnoseByFamily:
      break;
    case kDestroySocket:
      return Errno::kOpNotSupp;
    default:
      return Errno::kInval;
  }
  if (!request.has(2)) return Errno::kInval;
  switch (request.family()) {
    case kInet:
    case kInet6:
      return diagnose_inet(socket, request);
    case kUnix:
      return diagnose_unix(socket, request);
    default:
      return request.family() >= kFamilyCount ? Errno::kInval : Errno::kNoEnt;
  }
}

}  // namespace kernel::net::netlink
