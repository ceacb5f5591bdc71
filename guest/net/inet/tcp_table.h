// Which TCP ports and connections there are, and what is remembered of connections that have ended (TIME_WAIT, RFC
// 9293, section 3.6; and FIN_WAIT2 of those that nobody holds any more).
#pragma once

#include "lib/global.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "net/inet/inet_socket.h"
#include "net/inet/ports.h"
#include "task/timer_queue.h"

namespace kernel::net::inet {

class TcpSocket;

// What is left of a connection whose socket has gone. It keeps the port for a minute.
class TimeWait final : public RefCounted, public PortHolder {
 public:
  TimeWait(const PortHolder& ended, TcpState state, bool v6, std::uint64_t seconds);
  Sharing sharing() const override { return sharing_; }
  TcpState state() const { return state_; }
  bool is_v6() const { return v6_; }
  std::uint64_t deadline_ns() const { return deadline_ns_; }
  std::uint64_t began_ns() const { return began_ns_; }

  ListNode order_link;

 private:
  friend class TcpTable;
  Sharing sharing_;
  TcpState state_;
  bool v6_;
  std::uint64_t began_ns_ = 0;
  std::uint64_t deadline_ns_ = 0;
};

class TcpTable {
 public:
  constexpr TcpTable() : ports(stream_ports_conflict) {}

  PortTable ports;

  // Connections, by both names.
  void insert_connection(PortHolder& holder);
  PortHolder* find_connection(const Endpoint& local, const Endpoint& remote);
  static constexpr std::uint64_t kTimeWaitSeconds = 60;    // TCP_TIMEWAIT_LEN, net.ipv4.tcp_fin_timeout
  static constexpr std::uint32_t kMostRemembered = 16384;  // net.ipv4.tcp_max_tw_buckets
  // Remembers the connection, whose port goes with it. `state`: kTimeWait, or kFinWait2 while the other end has not
  // ended yet. Does nothing if too many are remembered, or memory is short.
  void remember(PortHolder& ended, TcpState state, bool v6, std::uint64_t seconds = kTimeWaitSeconds);
  // The other end has ended, too: kFinWait2 becomes kTimeWait.
  void end(const Endpoint& local, const Endpoint& remote);
  // Whatever is remembered of such a connection is forgotten.
  void forget(const Endpoint& local, const Endpoint& remote);
  // Whether the names are free for a new connection. What has been in TIME_WAIT for a second is given up for it
  // (net.ipv4.tcp_tw_reuse = 2: on loopback).
  bool names_are_free(const Endpoint& local, const Endpoint& remote);

  void insert_listener(PortHolder& holder) { listeners_.insert(holder.port(), holder); }
  // Who takes connections to `local`: of several the one that the addresses fit best; of a group (SO_REUSEPORT) one of
  // them, the same for the same remote name.
  TcpSocket* find_listener(const Endpoint& local, const Endpoint& remote);
  template <typename Visit>
  void for_each(Visit visit) {
    ports.for_each(visit);
  }

 private:
  static std::size_t hash(const Endpoint& local, const Endpoint& remote) {
    return local.port * std::size_t{31} + remote.port;
  }
  TimeWait* remembered(const Endpoint& local, const Endpoint& remote);
  void drop(TimeWait& gone);
  void put_in_order(TimeWait& kept);
  void arm();
  static void expire(task::Timer& timer);

  HashChains<PortHolder, &PortHolder::connection_link, 1024> connections_;
  // Apart from the ports: one of a busy server has thousands of connections.
  HashChains<PortHolder, &PortHolder::listener_link, 256> listeners_;
  Global<List<TimeWait, &TimeWait::order_link>> order_;  // by deadline
  std::uint32_t remembered_count_ = 0;
  task::Timer timer_;
};

TcpTable& tcp_table();

}  // namespace kernel::net::inet
