// The states of a TCP socket, as far as programs see them, and what is ready when.
#include "net/inet/tcp_socket.h"

#include <algorithm>
#include <utility>

#include "mm/frame.h"
#include "net/inet/counters.h"
#include "net/unattended_close.h"

namespace kernel::net::inet {

namespace {

// How much of a stream is under way at most while the payload has set no limit: more costs memory and cache, less costs
// switches between the two ends.
constexpr std::size_t kDefaultWindow = std::size_t{256} << 10;
constexpr std::size_t kDefaultSendCapacity = std::size_t{256} << 10;
// What a connection may always have under way.
constexpr std::size_t kLeastWindow = mm::kPageSize;

// All TCP memory (net.ipv4.tcp_mem): beyond a share of RAM connections get kLeastWindow only.
constexpr std::uint64_t kShareOfMemory = 8;

bool memory_is_short() {
  static constinit std::uint64_t limit = 0;
  if (limit == 0) limit = mm::memory_statistics().total_frames * mm::kPageSize / kShareOfMemory;
  return TcpSocket::bytes_under_way() > limit;
}

}  // namespace

Result<Ref<Socket>> TcpSocket::create(int family) {
  if (SocketCount::too_many()) return Errno::kNoBufs;
  return Ref<Socket>(TRY(make_ref<TcpSocket>(family, 6)));
}

TcpSocket::TcpSocket(int family, int protocol) : InetSocket(family, kStream, protocol) {
  // net.ipv4.tcp_rmem, tcp_wmem
  options_.receive_buffer = 131072;
  options_.send_buffer = 16384;
  timer_.owner = this;
}

TcpSocket::~TcpSocket() {
  held_ = 0;
  drop_bytes(ring_.bytes());
}

void TcpSocket::drop_bytes(std::size_t count) {
  g_bytes_under_way -= count;
  taken_ += count;
  while (count > 0) {
    const std::size_t here = std::min<std::size_t>(count, ring_.front().length);
    ring_.consume(here);
    count -= here;
  }
}

std::size_t TcpSocket::window() const {
  if (memory_is_short()) return kLeastWindow;
  // Half of the buffer is for Linux's bookkeeping.
  if (options_.receive_buffer_set) return std::max<std::size_t>(options_.receive_buffer / 2, 1);
  return kDefaultWindow;
}

std::size_t TcpSocket::send_capacity() const {
  if (memory_is_short()) return kLeastWindow;
  return options_.send_buffer_set ? options_.send_buffer : kDefaultSendCapacity;
}

std::size_t TcpSocket::beyond_window() const {
  return ring_.bytes() - std::min(arrived(), window());
}

// As sk_stream_is_writeable() of Linux: a third of the send buffer is free.
bool TcpSocket::writable() const {
  const std::size_t queued = unacknowledged();
  const std::size_t capacity = send_capacity();
  return queued == 0 || (queued <= capacity && capacity - queued >= queued / 2);
}

// Without an urgent byte that is not read inline.
std::size_t TcpSocket::readable() const {
  const std::size_t bytes = std::min(arrived(), window());
  if (options_.out_of_band_inline || !urgent_ || urgent_position_ < taken_ || urgent_position_ >= taken_ + arrived())
    return bytes;
  return static_cast<std::size_t>(urgent_position_ - taken_);
}

bool TcpSocket::readable_for(std::size_t target) const {
  if (urgent_ && urgent_position_ == taken_ && !options_.out_of_band_inline) ++target;
  return arrived() >= std::min(target, window());
}

// tcp_poll() of Linux.
std::uint32_t TcpSocket::events() {
  std::uint32_t events = 0;
  if (listening()) return queue_.empty() ? 0 : fs::kPollReadable;
  if (shutdown_ == kBothShut || state_ == TcpState::kClose) events |= fs::kPollHup;
  if (shutdown_ & kReceiveShut) events |= fs::kPollReadable | fs::kPollReadHup;
  if (state_ != TcpState::kSynSent) {
    if (readable_for(static_cast<std::size_t>(options_.receive_low_water))) events |= fs::kPollReadable;
    if ((shutdown_ & kSendShut) || writable()) {
      events |= fs::kPollWritable;
    } else {
      writer_waits_ = true;
    }
    if (urgent_ && urgent_unread_) events |= fs::kPollPri;
  }
  if (has_error()) events |= fs::kPollErr;
  return events;
}

void TcpSocket::enter_closed() {
  timer_.cancel();
  // tcp_set_state(), tcp_done() of Linux.
  if (state_ == TcpState::kSynSent || state_ == TcpState::kSynReceived) ++g_tcp_counters.failed_attempts;
  if (state_ == TcpState::kEstablished || state_ == TcpState::kCloseWait) ++g_tcp_counters.established_resets;
  connection_link.unlink();
  if (TcpSocket* listener = deferred_by_) {
    listener->stop_deferring(*this);
    listener->take_waiting();
  }
  if (state_ == TcpState::kSynSent) queue_link_.unlink();  // of who waits for a listener
  peer_ = nullptr;
  state_ = TcpState::kClose;
  shutdown_ = kBothShut;
  if (!port_bound_ || file_closed_) {
    if (local_.port != 0) former_port_ = local_.port;
    release_port();
    port_by_connecting_ = false;
  }
  changes().wake_all();
  if (std::exchange(orphan_, false)) release();
}

void TcpSocket::fail(Errno error) {
  const Ref<TcpSocket> hold(this);
  set_error(error);
  enter_closed();
}

void TcpSocket::deliver_reset() {
  if (state_ == TcpState::kClose) return;
  fail(state_ == TcpState::kCloseWait ? Errno::kPipe : Errno::kConnReset);
}

void TcpSocket::abort() {
  const Ref<TcpSocket> hold(this);
  StreamEnd* const other = std::exchange(peer_, nullptr);
  if (!other) tcp_table().forget(remote_, local_);
  enter_closed();
  ++g_tcp_counters.resets_sent;
  if (other) other->deliver_reset();
}

void TcpSocket::send_end() {
  const Ref<TcpSocket> hold(this);
  shutdown_ |= kSendShut;
  state_ = state_ == TcpState::kCloseWait ? TcpState::kLastAck : TcpState::kFinWait1;
  if (peer_) {
    peer_->deliver_end();
    return;
  }
  // The other end is only remembered.
  tcp_table().end(remote_, local_);
  end_taken();
}

void TcpSocket::deliver_end() {
  const Ref<TcpSocket> hold(this);
  deliver_held();
  complete_deferred();
  end_queued_ = true;
  end_if_window_allows();
}

void TcpSocket::end_if_window_allows() {
  if (!end_queued_ || end_received_ || beyond_window() > 0) return;
  const Ref<TcpSocket> hold(this);
  StreamEnd* const sender = peer_;
  end_received_ = true;
  shutdown_ |= kReceiveShut;
  switch (state_) {
    case TcpState::kEstablished:
      state_ = TcpState::kCloseWait;
      break;
    case TcpState::kFinWait1:
      state_ = TcpState::kClosing;
      break;
    case TcpState::kFinWait2:
      remember(TcpState::kTimeWait);
      enter_closed();
      break;
    default:
      break;
  }
  changes().wake_all();
  if (sender) sender->end_taken();
}

void TcpSocket::end_taken() {
  const Ref<TcpSocket> hold(this);
  switch (state_) {
    case TcpState::kFinWait1:
      state_ = TcpState::kFinWait2;
      if (file_closed_) leave_in_fin_wait2();
      break;
    case TcpState::kClosing:
      remember(TcpState::kTimeWait);
      enter_closed();
      break;
    case TcpState::kLastAck:
      enter_closed();
      break;
    default:
      break;
  }
  changes().wake_all();
}

// Nobody has the socket any more: what is left to do needs no more than its names.
void TcpSocket::leave_in_fin_wait2() {
  if (tcp_.linger2 < 0) return abort();
  tcp_table().remember(*this, TcpState::kFinWait2, is_v6(), static_cast<std::uint64_t>(tcp_.linger2));
  if (peer_) peer_->other_end_gone();
  enter_closed();
}

// Linux still shows a port that it has taken back.
Result<SocketAddress> TcpSocket::local_name() {
  Endpoint name = local_;
  if (name.port == 0) name.port = former_port_;
  return to_socket_address(name, family());
}

// inet_shutdown() of Linux.
Result<void> TcpSocket::shutdown(ShutdownHow how) {
  const unsigned directions = how == kShutBoth ? kBothShut : how == kShutSend ? kSendShut : kReceiveShut;
  if (phase_ == Phase::kConnecting) {
    phase_ = state_ == TcpState::kSynSent || state_ == TcpState::kClose ? Phase::kUnconnected : Phase::kConnected;
  }
  Result<void> result;
  switch (state_) {
    case TcpState::kListen:
      if (directions & kReceiveShut) disconnect();
      break;
    case TcpState::kSynSent:
      disconnect();
      break;
    case TcpState::kClose:
      result = Errno::kNotConn;
      shutdown_ |= directions;
      break;
    default:
      shutdown_ |= directions;
      if ((directions & kSendShut) && (state_ == TcpState::kEstablished || state_ == TcpState::kCloseWait)) send_end();
      break;
  }
  changes().wake_all();
  return result;
}

// tcp_disconnect() of Linux.
void TcpSocket::disconnect() {
  const Ref<TcpSocket> hold(this);
  switch (state_) {
    case TcpState::kClose:
      break;
    case TcpState::kListen:
      stop_listening();
      break;
    case TcpState::kSynSent:
      set_error(Errno::kConnReset);
      break;
    default:
      abort();
      set_error(Errno::kConnReset);
      break;
  }
  enter_closed();
  held_ = 0;
  drop_bytes(ring_.bytes());
  end_queued_ = end_received_ = urgent_ = urgent_unread_ = false;
  shutdown_ = 0;
  remote_ = {wildcard(), 0, 0};
  if (local_.port != 0) former_port_ = local_.port;
  forget_automatic_name();
  phase_ = Phase::kUnconnected;
}

// tcp_close() of Linux.
void TcpSocket::closed() {
  const Ref<TcpSocket> hold(this);
  file_closed_ = true;
  const bool unread = arrived() > 0;
  held_ = 0;
  drop_bytes(ring_.bytes());
  switch (state_) {
    case TcpState::kClose:
    case TcpState::kSynSent:
      enter_closed();
      return;
    case TcpState::kListen:
      stop_listening();
      enter_closed();
      return;
    default:
      break;
  }
  if (unread || (options_.linger.on && options_.linger.seconds == 0)) {
    abort();
    return;
  }
  if (state_ == TcpState::kEstablished || state_ == TcpState::kCloseWait) send_end();
  shutdown_ = kBothShut;
  const auto under_way = [this] {
    return state_ == TcpState::kFinWait1 || state_ == TcpState::kClosing || state_ == TcpState::kLastAck;
  };
  if (options_.linger.on && under_way() && !UnattendedClose::is_under_way()) {
    const Deadline deadline =
        Deadline::after(static_cast<std::uint32_t>(options_.linger.seconds) * kNanosecondsPerSecond);
    // However this ends: the rest is delivered by itself.
    (void)changes().wait_until([&] { return !under_way(); }, deadline);
  }
  if (state_ == TcpState::kFinWait2) {
    leave_in_fin_wait2();
  } else if (state_ != TcpState::kClose) {
    orphan_ = true;
    retain();
  }
}

}  // namespace kernel::net::inet
