// Packet sockets (packet(7), with CAP_NET_RAW): frames of the loopback device as they would be on a wire. What datagram and
// raw sockets send is seen twice by who asks for all of it, as it leaves and as it comes; TCP has no segments here, so of it
// nothing is seen. A frame that is sent is seen by other packet sockets only: Linux drops packets of IP that come from
// 127.0.0.0/8 by this way, too. No rings in shared memory (PACKET_RX_RING).
#pragma once

#include <cstdint>
#include <span>

#include "lib/global.h"
#include "lib/list.h"
#include "lib/vector.h"
#include "net/socket.h"

namespace kernel::net::packet {

inline constexpr std::size_t kLinkHeaderSize = 14;  // Ethernet's

class Frame final : public RefCounted {
 public:
  Vector<std::byte> bytes;  // with the link's header
};

class PacketSocket final : public Socket {
 public:
  // `protocol` is in network order, as socket(2) has it. kPerm.
  static Result<Ref<Socket>> create(int type, int protocol);
  PacketSocket(int type, std::uint16_t protocol);
  ~PacketSocket() override;

  Result<void> bind(const SocketAddress& address) override;
  Result<SocketAddress> local_name() override;
  Result<std::size_t> send(OutgoingMessage& message) override;
  Result<std::size_t> receive(IncomingMessage& message) override;
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  std::uint32_t events() override;
  void closed() override;

  // A frame crosses the loopback; `from`: the socket that has sent it, or null.
  static void show(const Ref<Frame>& frame, const PacketSocket* from);
  static bool any() { return !g_sockets->empty(); }

 private:
  struct Queued {
    ListNode link;
    Ref<Frame> frame;
    std::size_t start = 0, size = 0;  // of what the socket gets
    std::uint8_t kind = 0;
    std::uint16_t protocol = 0;  // in network order
  };
  static constexpr std::size_t kOverhead = 768;           // as of datagrams
  static constexpr std::size_t kMostQueued = 16 << 20;    // of all sockets
  static constexpr std::uint32_t kMostSockets = 1 << 14;  // the kernel's memory for them has an end

  void take(const Ref<Frame>& frame, std::uint8_t kind);
  void drop(Queued& queued);

  std::uint16_t bound_protocol_;  // in network order
  std::uint32_t bound_device_ = 0;
  List<Queued, &Queued::link> queue_;
  std::size_t charged_ = 0;
  ListNode socket_link_;

  static inline constinit std::size_t g_queued = 0;
  static inline constinit std::uint32_t g_count = 0;
  static constinit Global<List<PacketSocket, &PacketSocket::socket_link_>> g_sockets;
};

// For who carries packets: headers from the link's on, and what is behind them. Nothing is done where nobody looks.
void show_packet(std::span<const std::byte> headers, std::span<const std::byte> data);

}  // namespace kernel::net::packet
