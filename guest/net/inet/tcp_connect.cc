// How TCP connections come to be: connect(2), listen(2), accept(2).
#include <algorithm>

#include "net/inet/counters.h"
#include "net/inet/tcp_socket.h"
#include "task/scheduler.h"

namespace kernel::net::inet {

Result<void> TcpSocket::bind(const SocketAddress& address) {
  return InetSocket::bind(address);
}

Result<void> TcpSocket::take_port(std::uint16_t port) {
  return InetSocket::take_port(port);
}

// __inet_stream_connect() of Linux.
Result<void> TcpSocket::connect(const SocketAddress& address, bool non_blocking) {
  if (address.size() < sizeof(std::uint16_t)) return Errno::kInval;
  if (address.family() == kUnspecified) {
    disconnect();
    return {};
  }
  Errno unfinished = Errno::kAlready;
  switch (phase_) {
    case Phase::kConnected:
      return Errno::kIsConn;
    case Phase::kConnecting:
      break;
    case Phase::kUnconnected:
      if (state_ != TcpState::kClose) return Errno::kIsConn;
      TRY(start_connecting(address));
      phase_ = Phase::kConnecting;
      unfinished = Errno::kInProgress;
      // On Linux the answer is looked at after the call, however fast it comes.
      if (non_blocking) return unfinished;
      break;
  }
  if (state_ == TcpState::kSynSent) {
    auto waited = wait_to_send([this] { return state_ != TcpState::kSynSent; }, non_blocking);
    if (!waited) return waited.error() == Errno::kAgain ? unfinished : waited.error();
  }
  if (state_ == TcpState::kClose) return connecting_failed();
  phase_ = Phase::kConnected;
  return {};
}

Result<void> TcpSocket::connecting_failed() {
  const Errno error = has_error() ? take_error() : Errno::kConnAborted;
  disconnect();
  return error;
}

Result<void> TcpSocket::start_connecting(const SocketAddress& address) {
  const Endpoint destination = TRY(destination_argument(address));
  Transport* transport = transport_to(destination.address, device_);
  if (!transport || destination.address.is_multicast() || destination.address.is_broadcast()) return Errno::kNetUnreach;
  TRY(choose_names(destination, *transport));
  const Ref<TcpSocket> hold(this);
  shutdown_ = 0;
  end_queued_ = end_received_ = false;
  state_ = TcpState::kSynSent;
  ++g_tcp_counters.active_opens;
  return transport->connect(*this);
}

// The local name, such that no other connection has the same two names.
Result<void> TcpSocket::choose_names(const Endpoint& destination, Transport& transport) {
  TcpTable& table = tcp_table();
  const Address before = local_.address;
  if (local_.address.is_any()) local_.address = transport.source_for(destination.address);
  remote_ = destination;
  if (local_.port != 0) {
    if (table.names_are_free(local_, remote_)) {
      table.insert_connection(*this);
      return {};
    }
  } else {
    // A port that only connections have serves one more, to another end.
    const std::uint16_t port = table.ports.choose([&](std::uint16_t candidate) {
      const bool bound =
          table.ports.find(candidate, [](const PortHolder& holder) { return !holder.sharing().for_connection; });
      return !bound && table.names_are_free({local_.address, candidate, 0}, remote_);
    });
    if (port != 0) {
      local_.port = port;
      port_by_connecting_ = true;
      table.ports.insert(*this);
      table.insert_connection(*this);
      return {};
    }
  }
  if (!address_bound_) local_.address = before;
  remote_ = {wildcard(), 0, 0};
  return Errno::kAddrNotAvail;
}

void TcpSocket::connected(StreamEnd& peer) {
  timer_.cancel();
  peer_ = &peer;
  state_ = TcpState::kEstablished;
  if (!options_.send_buffer_set) options_.send_buffer = kConnectedSendBuffer;
  changes().wake(fs::kPollWritable);
}

void TcpSocket::refused(Errno error) {
  fail(error);
}

void TcpSocket::connecting_timed_out(task::Timer& timer) {
  static_cast<TcpSocket*>(timer.owner)->refused(Errno::kTimedOut);
}

// inet_listen() of Linux. The backlog has no sign: a negative one is as large as can be.
Result<void> TcpSocket::listen(int backlog) {
  if (phase_ != Phase::kUnconnected) return Errno::kInval;
  if (state_ != TcpState::kClose && state_ != TcpState::kListen) return Errno::kInval;
  backlog_ = std::min(static_cast<std::uint32_t>(backlog), kMostBacklog);
  if (state_ == TcpState::kListen) return {};
  state_ = TcpState::kListen;
  if (local_.port == 0) {
    if (auto taken = take_port(0); !taken) {
      state_ = TcpState::kClose;
      return taken;
    }
  } else if (!tcp_table().ports.available(*this, local_.port, false)) {
    state_ = TcpState::kClose;
    return Errno::kAddrInUse;
  }
  tcp_table().insert_listener(*this);
  return {};
}

void TcpSocket::take_connection(TcpSocket& client) {
  if (!queue_is_full()) {
    if (auto child = make_child(client)) {
      if (tcp_.defer_accept > 0) {
        defer(*child.value());
        child.value()->peer_ = &client;
      } else {
        enqueue(*child.value());
        child.value()->connected(client);
      }
      client.connected(*child.value());
      return;
    }
  }
  // Linux drops the SYN, and the client repeats it; here it is taken as soon as there is room.
  waiting_.push_back(client);
  const auto attempts = static_cast<unsigned>(std::clamp(client.tcp_.syn_count, 1, 30));
  std::uint64_t patience = ((std::uint64_t{2} << attempts) - 1) * kNanosecondsPerSecond;
  if (client.tcp_.user_timeout > 0)
    patience = std::min(patience, static_cast<std::uint64_t>(client.tcp_.user_timeout) * 1'000'000);
  task::timer_queue().arm(client.timer_, Deadline::after(patience).ns(), connecting_timed_out);
}

Result<Ref<TcpSocket>> TcpSocket::make_child(TcpSocket& client) {
  if (SocketCount::too_many()) return Errno::kNoBufs;
  Ref<TcpSocket> child = TRY(make_ref<TcpSocket>(family(), protocol()));
  child->options_ = options_;
  child->inherit_filter(*this);
  child->ip_ = ip_;
  child->tcp_ = tcp_;
  child->device_ = device_;
  child->uid_ = uid_;
  child->local_ = {client.remote_.address, client.remote_.port, 0};
  child->remote_ = {client.local_.address, client.local_.port, 0};
  child->state_ = TcpState::kSynReceived;
  child->phase_ = Phase::kConnected;
  child->accepted_ = true;
  ++g_tcp_counters.passive_opens;
  TcpTable& table = tcp_table();
  table.forget(child->local_, child->remote_);
  table.ports.insert(*child);
  table.insert_connection(*child);
  return child;
}

void TcpSocket::enqueue(TcpSocket& child) {
  child.retain();
  queue_.push_back(child);
  ++queue_length_;
  changes().wake(fs::kPollReadable);
}

// As a connection request of Linux, which data or a FIN completes, or the end of the time, when the SYN-ACK is sent once more.
void TcpSocket::defer(TcpSocket& child) {
  child.retain();
  child.deferred_by_ = this;
  deferred_.push_back(child);
  ++deferred_length_;
  child.be_seen_after(static_cast<std::uint64_t>(tcp_.defer_accept) * kNanosecondsPerSecond);
}

void TcpSocket::be_seen_after(std::uint64_t ns) {
  task::timer_queue().arm(timer_, Deadline::after(ns).ns(), waited_long_enough);
}

void TcpSocket::waited_long_enough(task::Timer& timer) {
  auto& socket = *static_cast<TcpSocket*>(timer.owner);
  const Ref<TcpSocket> hold(&socket);
  if (socket.held_ > 0) {
    socket.deliver_held();
  } else {
    socket.complete_deferred();
  }
}

// The caller holds a reference to the child.
void TcpSocket::stop_deferring(TcpSocket& child) {
  child.deferred_by_ = nullptr;
  child.queue_link_.unlink();
  --deferred_length_;
  child.release();
}

void TcpSocket::complete_deferred() {
  if (!deferred_by_) return;
  const Ref<TcpSocket> hold(this);
  TcpSocket& listener = *deferred_by_;
  listener.stop_deferring(*this);
  connected(*peer_);
  listener.enqueue(*this);
}

void TcpSocket::take_waiting() {
  if (!listening() || queue_is_full()) return;
  if (TcpSocket* client = waiting_.pop_front()) take_connection(*client);
}

Result<Ref<Socket>> TcpSocket::accept(bool non_blocking) {
  if (!listening()) return Errno::kInval;
  TRY(wait_to_receive([this] { return !listening() || !queue_.empty(); }, non_blocking, task::WaitKind::kExclusive));
  if (!listening()) return Errno::kInval;
  TcpSocket* first = queue_.pop_front();
  --queue_length_;
  Ref<Socket> accepted(first);
  first->release();
  take_waiting();
  return accepted;
}

// What nobody has accepted is reset; who still waits finds nobody.
void TcpSocket::stop_listening() {
  state_ = TcpState::kClose;
  listener_link.unlink();
  while (TcpSocket* child = queue_.pop_front()) {
    child->abort();
    child->release();
  }
  queue_length_ = 0;
  while (TcpSocket* child = deferred_.front()) {
    const Ref<TcpSocket> hold(child);
    child->abort();
  }
  while (TcpSocket* client = waiting_.pop_front()) client->refused(Errno::kConnRefused);
}

}  // namespace kernel::net::inet
