// A netlink socket (netlink(7)): requests to the kernel, answered by the protocol at once or, where there may be much to say (a
// dump), one datagram after the other as the answers are taken. Nothing is ever announced, because nothing changes: whoever
// joins a group hears nothing.
#pragma once

#include <cstdint>

#include "lib/global.h"
#include "lib/list.h"
#include "net/families.h"
#include "net/netlink/message.h"
#include "net/socket.h"

namespace kernel::net::netlink {

// A dump under way.
class Dump final : public RefCounted {
 public:
  // Puts messages into the answer until it is full: true if these were all. `position` and `result` are its own.
  using Fill = bool (*)(Dump& dump, Answer& answer);

  static Result<Ref<Dump>> create(const Request& request, Fill fill);
  Request request() const { return Request(header_, contents_.span()); }

  const Fill fill;
  std::uint64_t position = 0;    // where it is to go on
  bool filled = false;           // only NLMSG_DONE is left
  std::uint16_t flags = kMulti;  // of its messages
  std::int32_t result = 0;       // what NLMSG_DONE says: 0, or an error
  bool done_apart = false;       // NLMSG_DONE comes in a datagram of its own
  std::uint32_t port = 0;        // whose it is
  bool strict = false;           // NETLINK_GET_STRICT_CHK

  Dump(const Header& header, Fill how) : fill(how), header_(header) {}
  void begin(Answer& answer, std::uint16_t type) const { answer.begin(type, flags, header_, port); }

 private:
  const Header header_;
  Vector<std::byte> contents_;
};

class NetlinkSocket final : public Socket {
 public:
  static Result<Ref<Socket>> create(int type, int protocol);
  NetlinkSocket(int type, int protocol) : Socket(kNetlink, type, protocol) {}
  ~NetlinkSocket() override;

  Result<void> bind(const SocketAddress& address) override;
  Result<void> connect(const SocketAddress& address, bool non_blocking) override;
  Result<SocketAddress> local_name() override;
  Result<SocketAddress> peer_name() override;
  Result<std::size_t> send(OutgoingMessage& message) override;
  Result<std::size_t> receive(IncomingMessage& message) override;
  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  std::uint32_t events() override;
  void closed() override;

  // For the protocols.
  std::uint32_t port() const { return port_; }
  bool strict() const { return strict_check_; }
  // Begins an answer to the request, of one message.
  Result<Ref<Answer>> begin_answer(const Request& request, std::uint16_t type) const;
  // An answer that is complete. Lost, and told with ENOBUFS, if the queue is full.
  Result<void> deliver(Ref<Answer> answer);
  // kBusy if there is one under way already.
  Result<void> start_dump(const Request& request, Dump::Fill fill);
  // mq_notify(3): a message from the kernel that answers nothing. False if the queue is full.
  bool notify(std::span<const std::byte> bytes);

 private:
  Result<void> name_automatically();
  Result<void> take_port(std::uint32_t port);
  void handle(std::span<const std::byte> datagram);
  void acknowledge(const Request& request, Errno error);
  void continue_dump();
  Result<void> send_to_socket(std::uint32_t port, std::span<const std::byte> bytes);
  Result<void> change_membership(const OptionInput& value, bool join);
  bool full() const { return queued_bytes_ > options_.receive_buffer; }
  void enqueue(Ref<Answer> answer);
  void drop_queue();

  List<Answer, &Answer::link> queue_;  // with a reference each
  std::size_t queued_bytes_ = 0;
  Ref<Dump> dump_;
  std::uint32_t port_ = 0;  // 0: none yet
  std::uint32_t peer_port_ = 0, peer_groups_ = 0;
  std::uint64_t groups_ = 0;
  bool has_groups_ = false;  // there was talk of them
  bool packet_info_ = false, broadcast_error_ = false, no_no_bufs_ = false, cap_acknowledgement_ = false;
  bool extended_acknowledgement_ = false, strict_check_ = false;
  ListNode socket_link_;

  using Sockets = List<NetlinkSocket, &NetlinkSocket::socket_link_>;
  static constinit Global<Sockets> g_sockets;
  static NetlinkSocket* find(int protocol, std::uint32_t port);
};

// Whether a request is answered, or a dump of it has begun, which nothing acknowledges.
enum class Handled { kDone, kDumping };

// A protocol's answer to one message: netlink/route.cc, netlink/socket_diagnosis.cc.
struct Protocol {
  int number;
  std::uint32_t groups;
  Result<Handled> (*handle)(NetlinkSocket& socket, const Request& request);
};
Result<Handled> handle_route(NetlinkSocket& socket, const Request& request);
Result<Handled> handle_diagnosis(NetlinkSocket& socket, const Request& request);

}  // namespace kernel::net::netlink
