// What /proc/net/{tcp,tcp6,udp,udp6,raw} and netlink(7) say of sockets: a walk over those of a protocol.
#pragma once

#include <cstdint>

#include "net/inet/datagram_socket.h"
#include "net/inet/tcp_socket.h"
#include "net/inet/udp_socket.h"

namespace kernel::net::inet {

struct SocketView {
  int family;  // kInet, kInet6
  TcpState state;
  Endpoint local, remote;
  std::size_t receive_queue, send_queue;  // bytes; of a listener: connections that wait, and how many may
  std::uint32_t uid;
  std::uint64_t inode;  // 0: nobody has it open
  std::uint32_t drops;
  std::uint64_t timer_ns;  // TIME_WAIT: when it ends, monotonic; else 0
  bool v6_only = false;
  std::uint32_t receive_buffer = 0, send_buffer = 0;
};

inline std::uint64_t inode_number(const Socket& socket) {
  if (!socket.inode()) return 0;
  auto metadata = socket.inode()->metadata();
  return metadata ? metadata.value().inode : 0;
}

// visit(const SocketView&), which does not sleep, for each socket that has a port.
template <typename Visit>
void for_each_tcp(Visit visit) {
  tcp_table().for_each([&](PortHolder& holder) {
    SocketView view{};
    view.local = holder.local();
    view.remote = holder.remote();
    if (holder.sharing().ended) {
      const auto& ended = static_cast<const TimeWait&>(holder);
      view.family = ended.is_v6() ? kInet6 : kInet;
      view.state = ended.state();
      view.timer_ns = ended.deadline_ns();
    } else {
      auto& socket = static_cast<TcpSocket&>(holder);
      view.family = socket.family();
      view.state = socket.state();
      view.receive_queue = socket.receive_queue();
      view.send_queue = socket.send_queue();
      view.uid = socket.uid();
      view.inode = inode_number(socket);
      view.v6_only = socket.ip_options().v6_only;
      view.receive_buffer = socket.options().receive_buffer;
      view.send_buffer = socket.options().send_buffer;
    }
    visit(view);
  });
}

template <typename Visit>
void for_each_datagram(PortTable& ports, Visit visit) {
  ports.for_each([&](PortHolder& holder) {
    auto& socket = static_cast<DatagramSocket&>(holder);
    visit(SocketView{.family = socket.family(),
                     .state = socket.state(),
                     .local = holder.local(),
                     .remote = holder.remote(),
                     .receive_queue = socket.receive_queue(),
                     .send_queue = 0,
                     .uid = socket.uid(),
                     .inode = inode_number(socket),
                     .drops = socket.drops(),
                     .timer_ns = 0,
                     .v6_only = socket.ip_options().v6_only,
                     .receive_buffer = socket.options().receive_buffer,
                     .send_buffer = socket.options().send_buffer});
  });
}

template <typename Visit>
void for_each_udp(Visit visit) {
  for_each_datagram(udp_ports(), visit);
}

}  // namespace kernel::net::inet
