// A TCP socket (tcp(7)). There are no segments: an end of a connection hands bytes, and what else a segment would
// tell, to the other end (StreamEnd of transport.h), which has the one ring that they wait in. So a byte is copied
// in and copied out. What Linux would keep in the sender's queue lies in the same ring, behind the receiver's window.
//
// tcp_socket.cc: states and events. tcp_connect.cc: connections come to be. tcp_transfer.cc: data. tcp_options.cc.
#pragma once

#include <cstdint>

#include "fs/byte_ring.h"
#include "lib/list.h"
#include "net/inet/inet_socket.h"
#include "net/inet/tcp_options.h"
#include "net/inet/tcp_table.h"
#include "net/inet/transport.h"

namespace kernel::net::inet {

class TcpSocket final : public InetSocket, public StreamEnd {
 public:
  static Result<Ref<Socket>> create(int family);
  TcpSocket(int family, int protocol);
  ~TcpSocket() override;

  Result<void> bind(const SocketAddress& address) override;
  Result<void> connect(const SocketAddress& address, bool non_blocking) override;
  Result<void> listen(int backlog) override;
  Result<Ref<Socket>> accept(bool non_blocking) override;
  Result<SocketAddress> accepted_name() override { return to_socket_address(remote_, family()); }
  Result<SocketAddress> local_name() override;
  Result<std::size_t> send(OutgoingMessage& message) override;
  Result<std::size_t> receive(IncomingMessage& message) override;
  Result<void> shutdown(ShutdownHow how) override;
  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  std::uint32_t events() override;
  bool listening() const override { return state_ == TcpState::kListen; }
  void closed() override;

  // For who carries it (transport.h). The socket is in kSynSent.
  void connected(StreamEnd& peer);
  void refused(Errno error);
  // Of a listener. Takes `client`'s connection: one of its own is made for it, or the client waits until there is room.
  void take_connection(TcpSocket& client);

  RefCounted& lifetime() override { return *this; }
  std::size_t beyond_window() const override;
  Result<std::size_t> deliver(mm::IoBuffer& buffer, std::size_t most, std::size_t held_segment) override;
  void deliver_held() override;
  void deliver_urgent() override;
  void deliver_end() override;
  void deliver_reset() override;
  void window_opened() override;
  void end_taken() override;
  void other_end_gone() override { peer_ = nullptr; }

  static std::uint64_t bytes_under_way() { return g_bytes_under_way; }  // of all connections

  // For /proc/net/tcp and netlink: of a listener, its accept queue and the queue's limit.
  std::size_t receive_queue() const { return listening() ? queue_length_ : readable(); }
  std::size_t send_queue() const { return listening() ? backlog_ : unacknowledged(); }

 private:
  friend class LoopbackTransport;
  // SO_SNDBUF of a connection over loopback, whose segments are large.
  static constexpr std::uint32_t kConnectedSendBuffer = 2626560;
  // What connect(2) has come to (SS_* of Linux).
  enum class Phase : std::uint8_t { kUnconnected, kConnecting, kConnected };

  PortTable* ports() const override { return &tcp_table().ports; }
  Result<void> take_port(std::uint16_t port) override;

  // tcp_socket.cc
  // No more connection, both directions shut. The caller holds a reference.
  void enter_closed();
  void remember(TcpState state) { tcp_table().remember(*this, state, is_v6()); }
  void fail(Errno error);  // reset by the other end
  void send_end();         // FIN
  void leave_in_fin_wait2();
  void end_if_window_allows();  // the other end's FIN is behind data that must fit first
  void abort();                 // RST to the other end, and closed
  void disconnect();            // connect(2) to AF_UNSPEC
  void after_receiving(std::size_t beyond_before);
  std::size_t window() const;
  std::size_t send_capacity() const;
  std::size_t unacknowledged() const { return peer_ ? peer_->beyond_window() : 0; }
  std::size_t readable() const;
  bool readable_for(std::size_t target) const;
  bool writable() const;

  // tcp_connect.cc
  Result<void> start_connecting(const SocketAddress& address);
  Result<void> choose_names(const Endpoint& destination, Transport& transport);
  Result<void> connecting_failed();
  Result<Ref<TcpSocket>> make_child(TcpSocket& client);
  void enqueue(TcpSocket& child);
  void stop_listening();
  bool queue_is_full() const { return queue_length_ + deferred_length_ > backlog_; }
  void defer(TcpSocket& child);
  void stop_deferring(TcpSocket& child);
  void complete_deferred();
  void take_waiting();
  static void connecting_timed_out(task::Timer& timer);
  void be_seen_after(std::uint64_t ns);
  static void waited_long_enough(task::Timer& timer);

  // tcp_transfer.cc
  Result<std::size_t> receive_urgent(IncomingMessage& message);
  Result<std::size_t> move_out(IncomingMessage& message, std::size_t from, std::size_t count);
  void drop_bytes(std::size_t count);
  std::size_t arrived() const { return ring_.bytes() - held_; }
  // Of what this end sends.
  std::size_t segment() const;
  Errno stream_error(std::uint32_t flags);

  static inline constinit std::uint64_t g_bytes_under_way = 0;

  TcpOptions tcp_;
  Phase phase_ = Phase::kUnconnected;
  bool accepted_ = false;          // a listener's child
  std::uint16_t former_port_ = 0;  // that of a connection which was undone
  StreamEnd* peer_ = nullptr;

  // What has come. Positions count the bytes of the stream.
  fs::ByteRing ring_;
  std::uint64_t taken_ = 0;  // position of the ring's front
  std::size_t held_ = 0;     // at the ring's end: not sent yet (TCP_CORK)
  bool end_queued_ = false;  // FIN has been sent to here
  bool end_received_ = false;
  // The urgent byte, until reading has come past it.
  bool urgent_ = false;
  bool urgent_unread_ = false;  // MSG_OOB has not taken it
  std::byte urgent_byte_{};
  std::uint64_t urgent_position_ = 0;
  std::uint64_t received_total_ = 0, sent_total_ = 0;  // TCP_INFO
  bool writer_waits_ = false;                          // a write found too little room: it is told when there is again

  // Of a listener: connections that nobody has accepted, each with a reference; who waits to be taken.
  ListNode queue_link_;
  List<TcpSocket, &TcpSocket::queue_link_> queue_;
  List<TcpSocket, &TcpSocket::queue_link_> waiting_;
  std::uint32_t queue_length_ = 0;
  std::uint32_t backlog_ = 0;
  // TCP_DEFER_ACCEPT: connections that nobody sees before there is data, each with a reference.
  List<TcpSocket, &TcpSocket::queue_link_> deferred_;
  std::uint32_t deferred_length_ = 0;
  TcpSocket* deferred_by_ = nullptr;

  // Of who connects: its patience. Of a connection: until data that is held, or what has none yet, is seen all the same.
  task::Timer timer_;
  bool file_closed_ = false;
  bool orphan_ = false;  // closed, but not at its end: it holds a reference to itself
};

}  // namespace kernel::net::inet
