// Connecting Unix sockets: connect(2), listen(2), accept(2).
#include <algorithm>
#include <utility>

#include "net/unix/unix_socket.h"

namespace kernel::net {

Result<void> UnixSocket::connect(const SocketAddress& address, bool non_blocking) {
  if (!connection_based()) return connect_datagrams(address);
  const UnixName name = TRY(UnixName::from(address));
  TRY(bind_for_credentials());
  return connect_stream(name, non_blocking);
}

Result<void> UnixSocket::connect_stream(const UnixName& name, bool non_blocking) {
  Ref<PeerCredentials> credentials = TRY(PeerCredentials::of_current());
  Ref<UnixSocket> made = TRY(create(type()));
  made->embryo_ = true;
  const Deadline deadline =
      options_.send_timeout_ns == 0 ? Deadline::never() : Deadline::after(options_.send_timeout_ns);
  Ref<UnixSocket> listener;
  while (true) {
    listener = TRY(find(name, type()));
    if (!listener->listening() || listener->takes_no_more()) return Errno::kConnRefused;
    const auto has_room = [&] {
      return !listener->listening() || listener->takes_no_more() || listener->embryo_count_ <= listener->backlog_;
    };
    if (has_room()) break;
    if (non_blocking || deadline.passed()) return Errno::kAgain;
    auto waited = listener->room_.wait_until(has_room, deadline);
    if (waited.error() == Errno::kTimedOut) return Errno::kAgain;
    if (waited.error() == Errno::kRestart && options_.send_timeout_ns != 0) return Errno::kIntr;
    TRY(std::move(waited));
  }
  if (state_ != State::kUnconnected) return state_ == State::kConnected ? Errno::kIsConn : Errno::kInval;
  made->name_ = listener->name_;
  made->place_ = listener->place_;
  made->options_.pass_credentials = listener->options_.pass_credentials;
  made->options_.pass_pid_descriptor = listener->options_.pass_pid_descriptor;
  made->options_.pass_security = listener->options_.pass_security;
  made->peer_credentials_ = std::move(credentials);
  peer_credentials_ = listener->own_credentials_;
  made->become_connected_to(*this);
  become_connected_to(*made);
  listener->embryos_.push_back(*made.leak());
  ++listener->embryo_count_;
  listener->changes().wake(fs::kPollReadable);
  changes().wake(fs::kPollWritable | fs::kPollWriteBand);
  return {};
}

Result<void> UnixSocket::connect_datagrams(const SocketAddress& address) {
  if (address.size() < sizeof(std::uint16_t)) return Errno::kInval;
  if (address.family() == kUnspecified) {
    drop_peer(nullptr);
    return {};
  }
  const UnixName name = TRY(UnixName::from(address));
  TRY(bind_for_credentials());
  Ref<UnixSocket> other = TRY(find(name, type()));
  if (!other->takes_messages_of(*this)) return Errno::kPerm;
  state_ = other->state_ = State::kConnected;
  drop_peer(std::move(other));
  return {};
}

void UnixSocket::drop_peer(Ref<UnixSocket> new_peer) {
  const Ref<UnixSocket> old_peer = std::exchange(peer_, std::move(new_peer));
  if (old_peer == peer_) return;
  peer_room_entry_.detach();
  if (peer_) {
    peer_room_entry_.attach(peer_->room_, peer_room_);
  } else {
    state_ = State::kUnconnected;
  }
  changes().wake(fs::kPollWritable | fs::kPollWriteBand);
  if (!old_peer) return;
  if (!queue_.empty()) {
    queue_.clear();
    room_.wake_all();
    if (!old_peer->dead_ && old_peer->peer_.get() == this) {
      old_peer->set_error(Errno::kConnReset);
      old_peer->changes().wake_all();
    }
  }
  if (!old_peer->peer_) old_peer->state_ = State::kUnconnected;
}

Result<void> UnixSocket::listen(int backlog) {
  if (!connection_based()) return Errno::kOpNotSupp;
  if (name_.empty() || state_ == State::kConnected) return Errno::kInval;
  own_credentials_ = TRY(PeerCredentials::of_current());
  peer_credentials_ = own_credentials_;
  state_ = State::kListening;
  backlog_ = std::min(static_cast<std::uint32_t>(backlog), kMostBacklog);
  room_.wake_all();
  changes().wake_all();
  return {};
}

Result<Ref<Socket>> UnixSocket::accept(bool non_blocking) {
  if (!connection_based()) return Errno::kOpNotSupp;
  if (!listening()) return Errno::kInval;
  if (has_error()) return take_error();
  TRY(wait_to_receive([this] { return !embryos_.empty() || takes_no_more() || has_error(); }, non_blocking,
                      task::WaitKind::kExclusive));
  if (has_error()) return take_error();
  UnixSocket* first = embryos_.pop_front();
  if (!first) return Errno::kInval;
  --embryo_count_;
  Ref<Socket> accepted(first);
  first->release();  // the queue's reference
  first->embryo_ = false;
  room_.wake_all();
  return accepted;
}

}  // namespace kernel::net
