// Data of a TCP connection: send(2), recv(2), the urgent byte.
#include <algorithm>

#include "net/inet/counters.h"
#include "net/inet/tcp_socket.h"

namespace kernel::net::inet {

namespace {

constexpr std::uint32_t kFastOpenFlag = 0x20000000;    // MSG_FASTOPEN
constexpr std::size_t kHeaders4 = 52, kHeaders6 = 72;  // of IP and TCP, with time stamps
constexpr std::uint64_t kHoldNs = 200'000'000;         // the least time after which Linux's timer sends what is held
constexpr int kInQueueControl = 36;                    // TCP_CM_INQ
constexpr std::uint64_t kRequestInQueue = 0x541b, kRequestOutQueue = 0x5411, kRequestAtMark = 0x8905,
                        kRequestNotSent = 0x894b;

}  // namespace

// sk_stream_error() of Linux.
Errno TcpSocket::stream_error(std::uint32_t flags) {
  const Errno error = has_error() ? take_error() : Errno::kPipe;
  return error == Errno::kPipe ? broken_pipe(flags) : error;
}

Result<std::size_t> TcpSocket::send(OutgoingMessage& message) {
  const bool non_blocking = message.flags & kDontWait;
  if ((message.flags & kFastOpenFlag) && message.name && state_ == TcpState::kClose) {
    if (auto made = connect(*message.name, non_blocking); !made) return made.error();
  }
  if (state_ == TcpState::kSynSent) {
    if (auto made = wait_to_send([this] { return state_ != TcpState::kSynSent; }, non_blocking); !made)
      return made.error();
  }
  const auto open = [this] {
    return (state_ == TcpState::kEstablished || state_ == TcpState::kCloseWait) && !has_error() &&
           !(shutdown_ & kSendShut);
  };
  if (!open()) return stream_error(message.flags);
  mm::IoBuffer& data = message.data;
  std::size_t sent = 0;
  while (data.remaining() > 0) {
    if (!open()) return sent > 0 ? Result<std::size_t>(sent) : stream_error(message.flags);
    if (!peer_) {
      // Its other end answers that it is no more.
      sent += data.remaining();
      tcp_table().forget(remote_, local_);
      deliver_reset();
      break;
    }
    const Ref<RefCounted> hold(&peer_->lifetime());
    StreamEnd* const other = peer_;
    const bool holds = tcp_.cork || (message.flags & kMore);
    auto moved = other->deliver(data, send_capacity(), holds && !(message.flags & kOutOfBand) ? segment() : 0);
    if (moved.error() == Errno::kConnReset) {
      sent += data.remaining();
      break;
    }
    if (!moved) return fs::moved_or(sent, moved.error());
    sent += moved.value();
    sent_total_ += moved.value();
    if (data.remaining() == 0) {
      if ((message.flags & kOutOfBand) && moved.value() > 0) other->deliver_urgent();
      break;
    }
    other->deliver_held();  // to have room some time
    writer_waits_ = true;
    auto waited = wait_to_send([&] { return !open() || writable(); }, non_blocking);
    if (!waited) return fs::moved_or(sent, waited.error());
  }
  return sent;
}

Result<std::size_t> TcpSocket::deliver(mm::IoBuffer& buffer, std::size_t most, std::size_t held_segment) {
  // Who has ended and does not read either answers data with a reset (RFC 1122, 4.2.2.13).
  const bool ended = state_ == TcpState::kFinWait1 || state_ == TcpState::kFinWait2 || state_ == TcpState::kClosing;
  if (ended && (shutdown_ & kReceiveShut)) {
    const Ref<TcpSocket> hold(this);
    StreamEnd* const sender = peer_;
    fail(Errno::kConnReset);
    if (sender) sender->deliver_reset();
    return Errno::kConnReset;
  }
  const std::size_t limit = window() + most;
  if (ring_.bytes() >= limit) return 0;
  const std::size_t added = TRY(ring_.fill(buffer, limit));
  g_bytes_under_way += added;
  if (added > 0) count_on_loopback(added + (is_v6() ? kHeaders6 : kHeaders4));
  received_total_ += added;
  held_ = held_segment > 0 ? (held_ + added) % held_segment : 0;
  if (held_ > 0) {
    if (!timer_.armed() || deferred_by_) be_seen_after(kHoldNs);
  } else if (!deferred_by_) {
    timer_.cancel();
  }
  if (arrived() > 0) complete_deferred();
  if (readable_for(static_cast<std::size_t>(options_.receive_low_water))) changes().wake(fs::kPollReadable);
  return added;
}

void TcpSocket::deliver_held() {
  if (held_ == 0) return;
  held_ = 0;
  timer_.cancel();
  complete_deferred();
  if (readable_for(static_cast<std::size_t>(options_.receive_low_water))) changes().wake(fs::kPollReadable);
}

void TcpSocket::deliver_urgent() {
  const Ref<TcpSocket> hold(this);
  deliver_held();
  // One that was waited for and not taken is lost, unless it is read inline (tcp_check_urg() of Linux).
  const std::uint64_t end = taken_ + ring_.bytes();
  if (urgent_ && urgent_position_ == taken_ && !options_.out_of_band_inline && ring_.bytes() > 1) drop_bytes(1);
  urgent_ = urgent_unread_ = true;
  urgent_position_ = end - 1;
  const fs::RingSlot& last = ring_.at(ring_.used() - 1);
  urgent_byte_ = last.data()[last.length - 1];
  changes().wake(fs::kPollPri | fs::kPollReadable);
}

void TcpSocket::window_opened() {
  if (!writer_waits_ || !writable()) return;
  writer_waits_ = false;
  changes().wake(fs::kPollWritable);
}

void TcpSocket::after_receiving(std::size_t beyond_before) {
  if (beyond_before > 0 && peer_) peer_->window_opened();
  end_if_window_allows();
}

// tcp_recvmsg_locked() of Linux.
Result<std::size_t> TcpSocket::receive(IncomingMessage& message) {
  if (message.flags & kErrorQueue) return Errno::kAgain;
  if (listening()) return Errno::kNotConn;
  if (message.flags & kOutOfBand) return receive_urgent(message);
  const bool peeks = message.flags & kPeek;
  const std::size_t wanted = message.data.remaining();
  const std::size_t low_water = static_cast<std::size_t>(options_.receive_low_water);
  const std::size_t target = std::max<std::size_t>(message.flags & kWaitAll ? wanted : std::min(low_water, wanted), 1);
  std::size_t received = 0;
  std::size_t ahead = 0;  // of the ring's front, while peeking
  Errno failure = Errno::kNone;
  while (true) {
    std::size_t available = arrived() > ahead ? arrived() - ahead : 0;
    if (available > 0) {
      const std::uint64_t position = taken_ + ahead;
      if (urgent_ && urgent_position_ == position && received > 0) break;
      std::size_t skipped = 0;
      if (urgent_ && urgent_position_ >= position && urgent_position_ - position < available) {
        const auto before = static_cast<std::size_t>(urgent_position_ - position);
        if (before > 0) {
          available = before;
        } else if (!options_.out_of_band_inline) {
          skipped = 1;
          --available;
        }
      }
      const std::size_t count = std::min(available, wanted - received);
      const std::size_t beyond = beyond_window();
      if (peeks) {
        ahead += skipped;
      } else {
        drop_bytes(skipped);
      }
      if (count > 0) {
        auto moved = move_out(message, ahead, count);
        if (!moved) {
          failure = moved.error();
        } else {
          received += moved.value();
          if (peeks) ahead += moved.value();
        }
      }
      if (!peeks) {
        if (urgent_ && taken_ > urgent_position_) urgent_ = urgent_unread_ = false;
        after_receiving(beyond);
      }
      if (failure != Errno::kNone) return fs::moved_or(received, failure);
      if (received == wanted) break;
      if (count + skipped > 0) continue;
    }
    if (received >= target) break;
    if (end_received_) break;
    if (received > 0) {
      if (has_error() || state_ == TcpState::kClose || (shutdown_ & kReceiveShut)) break;
    } else {
      if (has_error()) return take_error();
      if (shutdown_ & kReceiveShut) break;
      if (state_ == TcpState::kClose) return Errno::kNotConn;
    }
    const std::size_t bytes_now = arrived();
    const auto changed = [&] {
      return arrived() > bytes_now || end_received_ || has_error() || state_ == TcpState::kClose ||
             (shutdown_ & kReceiveShut);
    };
    auto waited = wait_to_receive(changed, message.flags & kDontWait);
    if (!waited) return fs::moved_or(received, waited.error());
  }
  if (tcp_.in_queue && message.control) {
    TRY(message.control->put_value(kLevelTcp, kInQueueControl, static_cast<std::int32_t>(readable())));
  }
  return received;
}

// MSG_TRUNC: the bytes go nowhere (tcp(7)).
Result<std::size_t> TcpSocket::move_out(IncomingMessage& message, std::size_t from, std::size_t count) {
  if (message.flags & kTruncated) {
    if (!(message.flags & kPeek)) drop_bytes(count);
    return count;
  }
  const mm::IoBuffer::Piece piece(message.data, std::min(count, message.data.remaining()));
  if (message.flags & kPeek) return ring_.peek(message.data, from);
  const std::size_t taken = TRY(ring_.take(message.data));
  g_bytes_under_way -= taken;
  taken_ += taken;
  return taken;
}

// tcp_recv_urg() of Linux.
Result<std::size_t> TcpSocket::receive_urgent(IncomingMessage& message) {
  if (options_.out_of_band_inline || !urgent_ || !urgent_unread_) return Errno::kInval;
  if (state_ == TcpState::kClose && !end_received_) return Errno::kNotConn;
  if (message.data.remaining() > 0) {
    if (auto room = message.data.check_room(1); !room && message.data.pending()) return room.error();
  }
  if (!(message.flags & kPeek)) urgent_unread_ = false;
  message.result_flags |= kOutOfBand;
  if (message.data.remaining() == 0) {
    message.result_flags |= kTruncated;
    return 0;
  }
  if (!(message.flags & kTruncated)) TRY(message.data.store_value(urgent_byte_));
  return 1;
}

Result<std::uint64_t> TcpSocket::ioctl(std::uint32_t request, std::uint64_t argument) {
  std::int32_t answer = 0;
  switch (request) {
    case kRequestInQueue:
      if (listening()) return Errno::kInval;
      answer = static_cast<std::int32_t>(state_ == TcpState::kSynSent ? 0 : readable());
      break;
    case kRequestAtMark:
      answer = urgent_ && urgent_position_ == taken_;
      break;
    case kRequestOutQueue:
    case kRequestNotSent:
      if (listening()) return Errno::kInval;
      answer = static_cast<std::int32_t>(state_ == TcpState::kSynSent ? 0 : unacknowledged());
      break;
    default:
      return InetSocket::ioctl(request, argument);
  }
  TRY(mm::UserPtr<std::int32_t>(argument).write(answer));
  return 0;
}

}  // namespace kernel::net::inet
