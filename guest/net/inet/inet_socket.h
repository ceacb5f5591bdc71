// What TCP, UDP and ICMP sockets have in common: names, ports, and the options of levels IPPROTO_IP and IPPROTO_IPV6.
#pragma once

#include <cstdint>

#include "net/inet/address.h"
#include "net/inet/ip_options.h"
#include "net/inet/ports.h"
#include "net/socket.h"
#include "task/task.h"

namespace kernel::net::inet {

// As /proc/net/tcp and struct tcp_info have them. A datagram socket is kClose, or kEstablished once it is connected.
enum class TcpState : std::uint8_t {
  kEstablished = 1,
  kSynSent,
  kSynReceived,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClose,
  kCloseWait,
  kLastAck,
  kListen,
  kClosing,
};

// struct sock's sk_shutdown.
inline constexpr unsigned kReceiveShut = 1, kSendShut = 2, kBothShut = 3;

// Counts the sockets that there are: the kernel's memory for them has an end.
class SocketCount {
 public:
  SocketCount() { ++g_count; }
  ~SocketCount() { --g_count; }
  SocketCount(const SocketCount&) = delete;
  SocketCount& operator=(const SocketCount&) = delete;
  static bool too_many() { return g_count >= kMost; }

 private:
  static constexpr std::uint32_t kMost = 1 << 17;
  static inline constinit std::uint32_t g_count = 0;
};

class InetSocket : public Socket, public PortHolder {
 public:
  Result<void> bind(const SocketAddress& address) override;
  Result<SocketAddress> local_name() override { return to_socket_address(local_, family(), 0); }
  Result<SocketAddress> peer_name() override;
  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  Sharing sharing() const override;

  TcpState state() const { return state_; }
  std::uint32_t uid() const { return uid_; }
  const IpOptions& ip_options() const { return ip_; }
  const SocketOptions& options() const { return options_; }

 protected:
  InetSocket(int family, int type, int protocol);

  bool is_v6() const { return family() == kInet6; }
  Address wildcard() const { return is_v6() ? Address() : Address::of_v4(0); }
  // Where a message or connection goes that was addressed so: kInval, kAfNoSupport, kNetUnreach.
  Result<Endpoint> destination_argument(const SocketAddress& address) const;
  // Null where the protocol has no ports.
  virtual PortTable* ports() const = 0;
  // Gets `port`, or an ephemeral one for 0. local_'s address is set. kAddrInUse.
  virtual Result<void> take_port(std::uint16_t port);
  void release_port();
  // Before anything is sent: a port if there is none. kAgain if there is none left.
  Result<void> bind_automatically();
  // The address and the port go, unless bind(2) gave them.
  void forget_automatic_name();

  // A packet that came then was received: SIOCGSTAMP asks for it, unless it is told with the packet (SO_TIMESTAMP).
  void note_stamp(std::uint64_t realtime_ns);

  TcpState state_ = TcpState::kClose;
  unsigned shutdown_ = 0;
  IpOptions ip_;
  bool address_bound_ = false;  // by bind(2)
  bool port_bound_ = false;
  bool port_by_connecting_ = false;
  std::uint32_t device_ = 0;  // SO_BINDTODEVICE
  std::uint32_t uid_;

 private:
  Result<Endpoint> bind_argument(const SocketAddress& address) const;
  static constexpr std::uint64_t kNoStamp = ~std::uint64_t{0};
  std::uint64_t stamp_ns_ = kNoStamp;  // 0: there was one, when nobody had asked for stamps yet
  bool keeps_stamps_ = false;
  SocketCount count_;
};

}  // namespace kernel::net::inet
