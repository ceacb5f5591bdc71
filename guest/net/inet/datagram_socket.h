// What UDP, ping and raw sockets have in common: a queue of datagrams with a limit, and one of errors (IP_RECVERR).
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/vector.h"
#include "net/inet/error_queue.h"
#include "net/inet/inet_socket.h"
#include "net/inet/multicast.h"
#include "net/inet/transport.h"

namespace kernel::net::inet {

// The contents of a datagram; several sockets may have it in their queues.
class Payload : public RefCounted {
 public:
  static Result<Ref<Payload>> of(mm::IoBuffer& buffer, std::size_t size);
  Vector<std::byte> bytes;
};

struct OutgoingDatagram {
  Endpoint source;
  Endpoint destination;
  Ref<Payload> payload;
  std::uint8_t ttl = kDefaultTtl;
  std::uint8_t tos = 0;
  std::uint16_t segment_size = 0;  // of UDP_SEGMENT: the payload is that of several datagrams. 0: of one
  std::uint16_t coverage = 0;      // UDP-Lite: how much the checksum covers, header included; 0: all
  std::uint32_t mark = 0;
  // Of a raw socket's packet: what is in it, and its IP header where the socket has made that itself (IP_HDRINCL).
  std::uint8_t protocol = 0;
  Ref<Payload> header = nullptr;
};

class DatagramSocket : public InetSocket {
 public:
  Result<void> connect(const SocketAddress& address, bool non_blocking) override;
  Result<std::size_t> send(OutgoingMessage& message) override;
  Result<std::size_t> receive(IncomingMessage& message) override;
  Result<void> shutdown(ShutdownHow how) override;
  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  std::uint32_t events() override;
  void closed() override;

  // For the transport. Puts a datagram into the queue, or drops it if that is full.
  void deliver(const OutgoingDatagram& datagram);
  // Nobody takes what this socket has sent (ICMP "port unreachable").
  void unreachable(const OutgoingDatagram& datagram);
  // How well the socket fits a datagram: 0 if it does not take it (compute_score() of Linux).
  int score(const Endpoint& source, const Endpoint& destination) const;
  const Memberships& memberships() const { return memberships_; }

  std::size_t receive_queue() const { return queued_bytes_; }
  std::uint32_t drops() const { return drops_; }

 protected:
  struct Queued {
    ~Queued();
    ListNode link;
    Ref<Payload> payload;
    Endpoint source, destination;
    std::uint8_t ttl = 0, tos = 0;
    std::uint16_t segment_size = 0;
    std::uint64_t time_ns = 0;
    std::uint32_t drops_before = 0;
    std::size_t charge = 0;
  };
  // What the control messages of a send say.
  struct SendRequest {
    Endpoint destination;
    Address source;
    std::uint8_t ttl = kDefaultTtl;
    std::uint8_t tos = 0;
    std::uint16_t segment_size = 0;
  };

  using InetSocket::InetSocket;
  ~DatagramSocket() override;

  virtual std::size_t header_size() const { return 0; }  // of the protocol, which the payload does not pass
  // Sends what is complete. The socket has a port.
  virtual Result<void> transmit(SendRequest& request, Ref<Payload> payload);
  // Whether the protocol lets a datagram in at all.
  virtual bool accepts(const OutgoingDatagram&) const { return true; }
  // What the socket's filter leaves of a datagram that has come: null if it drops it.
  virtual Ref<Payload> filtered(const OutgoingDatagram& datagram) const;
  // What is left of one whose first bytes are `headers`, from `start` on.
  Ref<Payload> filtered_behind(std::span<const std::byte> headers, std::size_t start,
                               const OutgoingDatagram& datagram) const;

  Result<SendRequest> request_of(const OutgoingMessage& message);
  Result<void> read_control(const ControlInput& control, SendRequest& request) const;
  Result<Endpoint> named_destination(const SocketAddress& name) const;
  Result<Transport*> route(const Endpoint& destination, const Address& source) const;
  Result<void> put_control(ControlOutput& control, const Queued& datagram) const;
  void disconnect();
  // Off: what was held back is sent.
  Result<void> set_cork(bool on);

  std::uint16_t segment_size_ = 0;   // UDP_SEGMENT
  std::uint16_t send_coverage_ = 0;  // UDPLITE_SEND_CSCOV
  bool receive_segments_ = false;    // UDP_GRO
  bool cork_ = false;                // UDP_CORK

 private:
  Result<std::size_t> receive_error(IncomingMessage& message);
  void enqueue(const OutgoingDatagram& datagram);
  bool counts_as_udp(const Endpoint& destination) const;
  // IPv6 tells who has asked for errors how large a packet may be (ipv6_local_error() of Linux).
  void too_large_for(const Endpoint& destination);
  // IP_RECVERR, or IPV6_RECVERR of a socket of that family.
  bool wants_errors() const { return is_v6() ? ip_.receive_error6 : ip_.receive_error; }

  List<Queued, &Queued::link> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t charged_ = 0;
  std::uint32_t drops_ = 0;
  ErrorQueue errors_;
  Memberships memberships_;
  // MSG_MORE, UDP_CORK: what is not sent yet.
  Ref<Payload> pending_;
  SendRequest pending_request_;
};

}  // namespace kernel::net::inet
