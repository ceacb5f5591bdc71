#include "net/inet/tcp_table.h"

#include "net/inet/tcp_socket.h"
#include "task/scheduler.h"

namespace kernel::net::inet {

namespace {

constexpr std::uint64_t kReusableAfterNs = kNanosecondsPerSecond;

constinit Global<TcpTable> g_table;

}  // namespace

TcpTable& tcp_table() {
  return *g_table;
}

TimeWait::TimeWait(const PortHolder& ended, TcpState state, bool v6, std::uint64_t seconds)
    : sharing_(ended.sharing()), state_(state), v6_(v6), began_ns_(monotonic_ns()) {
  local_ = ended.local();
  remote_ = ended.remote();
  sharing_.listening = false;
  sharing_.ended = true;
  deadline_ns_ = began_ns_ + seconds * kNanosecondsPerSecond;
}

void TcpTable::insert_connection(PortHolder& holder) {
  connections_.insert(hash(holder.local(), holder.remote()), holder);
}

PortHolder* TcpTable::find_connection(const Endpoint& local, const Endpoint& remote) {
  return connections_.find(hash(local, remote), [&](const PortHolder& holder) {
    return holder.local().port == local.port && holder.remote().port == remote.port &&
           holder.local().address == local.address && holder.remote().address == remote.address;
  });
}

TimeWait* TcpTable::remembered(const Endpoint& local, const Endpoint& remote) {
  PortHolder* found = find_connection(local, remote);
  return found && found->sharing().ended ? static_cast<TimeWait*>(found) : nullptr;
}

void TcpTable::remember(PortHolder& ended, TcpState state, bool v6, std::uint64_t seconds) {
  if (remembered_count_ >= kMostRemembered) return;
  auto made = make_ref<TimeWait>(ended, state, v6, seconds);
  if (!made) return;
  TimeWait& kept = *made.take().leak();
  ended.connection_link.unlink();
  ports.insert(kept);
  insert_connection(kept);
  put_in_order(kept);
  ++remembered_count_;
  arm();
}

void TcpTable::end(const Endpoint& local, const Endpoint& remote) {
  TimeWait* found = remembered(local, remote);
  if (!found) return;
  found->state_ = TcpState::kTimeWait;
  found->began_ns_ = monotonic_ns();
  found->deadline_ns_ = found->began_ns_ + kTimeWaitSeconds * kNanosecondsPerSecond;
  found->order_link.unlink();
  put_in_order(*found);
  arm();
}

void TcpTable::forget(const Endpoint& local, const Endpoint& remote) {
  if (TimeWait* found = remembered(local, remote)) drop(*found);
}

bool TcpTable::names_are_free(const Endpoint& local, const Endpoint& remote) {
  PortHolder* found = find_connection(local, remote);
  if (!found) return true;
  if (!found->sharing().ended) return false;
  auto& old = static_cast<TimeWait&>(*found);
  if (old.state_ != TcpState::kTimeWait || monotonic_ns() - old.began_ns_ < kReusableAfterNs) return false;
  drop(old);
  return true;
}

TcpSocket* TcpTable::find_listener(const Endpoint& local, const Endpoint& remote) {
  // In Linux's order: the address itself before any address, an IPv4 socket before one that takes both.
  const auto score = [&](const PortHolder& holder) {
    const PortHolder::Sharing sharing = holder.sharing();
    if (holder.port() != local.port) return 0;
    const Address& bound = holder.local().address;
    const bool takes_v4 = bound.is_v4() || (bound.is_any() && !sharing.v6_only);
    if (local.address.is_v4() ? !takes_v4 : bound.is_v4()) return 0;
    if (!bound.is_any() && bound != local.address) return 0;
    return 1 + (bound.is_any() ? 0 : 4) + (bound.is_v4() ? 2 : 0) + (sharing.device != 0 ? 1 : 0);
  };
  int best = 0;
  TcpSocket* found = nullptr;
  std::uint32_t members = 0;
  listeners_.find(local.port, [&](PortHolder& holder) {
    const int fits = score(holder);
    if (fits > best) best = fits, members = 0, found = static_cast<TcpSocket*>(&holder);
    if (fits == best && best > 0) ++members;
    return false;
  });
  if (members < 2 || !found->sharing().reuse_port) return found;
  // A multiplicative hash (Knuth), of which the upper bits are good.
  const std::uint32_t mixed = (remote.port ^ remote.address.v4()) * 2654435761u;
  std::uint32_t chosen = static_cast<std::uint32_t>(std::uint64_t{mixed} * members >> 32);
  listeners_.find(local.port, [&](PortHolder& holder) {
    if (score(holder) != best) return false;
    found = static_cast<TcpSocket*>(&holder);
    return chosen-- == 0;
  });
  return found;
}

// Nearly always the last one: few sockets have a time of their own (TCP_LINGER2).
void TcpTable::put_in_order(TimeWait& kept) {
  TimeWait* behind = nullptr;
  for (TimeWait* at = order_->back(); at && at->deadline_ns_ > kept.deadline_ns_; at = order_->previous(*at))
    behind = at;
  if (behind) {
    order_->insert_before(*behind, kept);
  } else {
    order_->push_back(kept);
  }
}

void TcpTable::drop(TimeWait& gone) {
  gone.order_link.unlink();
  gone.port_link.unlink();
  gone.connection_link.unlink();
  --remembered_count_;
  gone.release();
}

void TcpTable::arm() {
  timer_.owner = this;
  if (TimeWait* first = order_->front()) {
    task::timer_queue().arm(timer_, first->deadline_ns_, expire);
  } else {
    timer_.cancel();
  }
}

void TcpTable::expire(task::Timer& timer) {
  auto& table = *static_cast<TcpTable*>(timer.owner);
  const std::uint64_t now = monotonic_ns();
  while (TimeWait* first = table.order_->front()) {
    if (first->deadline_ns_ > now) break;
    table.drop(*first);
  }
  table.arm();
}

}  // namespace kernel::net::inet
