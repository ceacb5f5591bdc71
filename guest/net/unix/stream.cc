// Sending and receiving on stream sockets, with out-of-band data as Linux has it since 5.15 (net/unix/af_unix.c).
#include <algorithm>
#include <utility>

#include "net/unix/ancillary.h"
#include "net/unix/collector.h"
#include "net/unix/unix_socket.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::net {

Result<Ref<Record>> UnixSocket::make_record(std::size_t size, std::size_t charge, mm::IoBuffer& data,
                                            bool non_blocking) {
  const auto ended = [this] { return has_error() || (shutdown_ & kNoSend); };
  if (!ended()) {
    TRY(wait_to_send([&] { return ended() || charged_ < options_.send_buffer; }, non_blocking));
  }
  if (has_error()) return take_error();
  if (shutdown_ & kNoSend) return Errno::kPipe;
  auto record = TRY(make_ref<Record>(Ref<UnixSocket>(this), charge));
  TRY(record->fill(data, size));
  return record;
}

void UnixSocket::deliver(Ref<Record> record, UnixSocket& receiver) {
  if (record->sender.pid == 0 && (wants_senders() || receiver.wants_senders() || receiver.embryo_)) {
    record->sender = current_sender();
  }
  receiver.queue_.push(std::move(record));
  ++receiver.arrivals_;
  receiver.changes().wake(fs::kPollReadable | fs::kPollReadBand);
}

Result<std::size_t> UnixStream::send(OutgoingMessage& message) {
  Ancillary ancillary = TRY(read_ancillary(message.control));
  Ref<RightsInFlight> rights;
  if (!ancillary.rights.empty()) {
    collect_now_and_then();
    rights = TRY(RightsInFlight::create(std::move(ancillary.rights)));
  }
  std::size_t size = message.data.remaining();
  const bool urgent = message.flags & kOutOfBand;
  if (urgent) {
    if (size == 0) return Errno::kOpNotSupp;
    --size;
  }
  if (message.name) return state_ == State::kConnected ? Errno::kIsConn : Errno::kOpNotSupp;
  if (!peer_) return Errno::kNotConn;
  const Ref<UnixSocket> peer = peer_;
  if (shutdown_ & kNoSend) return broken_pipe(message.flags);
  std::size_t sent = 0;
  while (sent < size) {
    const std::size_t piece = stream_piece(size - sent, options_.send_buffer);
    auto made = make_record(piece, stream_charge(piece), message.data, message.flags & kDontWait);
    if (!made) return fs::moved_or(sent, made.error());
    Ref<Record> record = made.take();
    record->sender = ancillary.sender;
    record->rights = std::move(rights);
    if (peer->dead_ || peer->takes_no_more()) return sent > 0 ? Result<std::size_t>(sent) : broken_pipe(message.flags);
    deliver(std::move(record), *peer);
    sent += piece;
    // They have gone with the first: not again if the rest has to wait for a page of the payload's.
    message.control = nullptr;
  }
  if (urgent) {
    auto last = make_record(1, stream_charge(1), message.data, message.flags & kDontWait);
    if (!last) return fs::moved_or(sent, last.error());
    Ref<Record> record = last.take();
    record->sender = ancillary.sender;
    record->rights = std::move(rights);
    if (peer->dead_ || peer->takes_no_more()) return fs::moved_or(sent, Errno::kPipe);
    peer->out_of_band_ = record.get();
    deliver(std::move(record), *peer);
    peer->changes().wake(fs::kPollPri);
    ++sent;
  }
  return sent;
}

// What one receive has found so far.
struct UnixStream::Receiving {
  IncomingMessage& message;
  std::size_t target;    // so much at least, if it has to wait
  std::size_t skip = 0;  // SO_PEEK_OFF
  std::size_t copied = 0;
  bool named = false;
  bool glued = false;  // `sender` is set, and only what is of the same is taken
  Sender sender{};
  Rights rights{};

  bool peeks() const { return message.flags & kPeek; }
};

// Where a read goes on: byte of MSG_OOB ends it, or begins it, or is left out; one that was received already is passed
// over (manage_oob() of Linux).
Record* UnixStream::past_out_of_band(Record* record, const Receiving& receiving) {
  if (record->unread() > 0 && record != out_of_band_) return record;
  const bool in_line = options_.out_of_band_inline;
  if (record->unread() == 0) {
    if (receiving.copied > 0 && (!out_of_band_ || record == out_of_band_)) return nullptr;
    Record* next = queue_.next(*record);
    if (!receiving.peeks()) queue_.remove(*record);
    record = next;
    if (!record) return nullptr;
  }
  if (record != out_of_band_) return record;
  if (receiving.copied > 0) return nullptr;
  if (receiving.peeks()) return in_line ? record : queue_.next(*record);
  out_of_band_ = nullptr;
  if (in_line) return record;
  queue_.remove(*record);
  return queue_.front();
}

Result<bool> UnixStream::receive_some(Receiving& receiving) {
  IncomingMessage& message = receiving.message;
  std::size_t skip = receiving.skip;
  Record* record = queue_.front();
  do {
    if (dead_) return receiving.copied > 0 ? Result<bool>(true) : Errno::kConnReset;
    while (record) {
      record = past_out_of_band(record, receiving);
      if (!record) {
        if (receiving.copied > 0) return true;
        break;
      }
      if (skip < record->unread() || (skip == 0 && record->unread() == 0)) break;
      skip -= record->unread();
      record = queue_.next(*record);
    }
    if (!record) {
      if (receiving.copied >= receiving.target) return true;
      if (receiving.peeks() && receiving.copied > 0) return true;
      if (has_error()) {
        if (receiving.copied > 0) return true;
        return take_error();
      }
      return takes_no_more();
    }
    if (receiving.glued && record->sender != receiving.sender) return true;
    if (!receiving.glued && wants_senders()) {
      receiving.glued = true;
      receiving.sender = record->sender;
    }
    if (message.name && !receiving.named) {
      receiving.named = true;
      if (!record->from().name().empty()) *message.name = record->from().name().address();
    }
    const std::size_t piece = std::min(record->unread() - skip, message.data.remaining());
    if (auto copied = record->copy(message.data, record->read + skip, piece); !copied) {
      if (receiving.copied > 0) return true;
      return copied.error();
    }
    receiving.copied += piece;
    if (receiving.peeks()) {
      if (options_.peek_offset >= 0) options_.peek_offset += static_cast<std::int32_t>(piece);
      if (record->rights) {
        receiving.rights = TRY(record->rights->duplicate());
        return true;
      }
      skip = 0;
      record = queue_.next(*record);
      if (!record) return true;
      continue;
    }
    record->read += piece;
    if (options_.peek_offset > 0) {
      options_.peek_offset -= static_cast<std::int32_t>(std::min<std::size_t>(piece, options_.peek_offset));
    }
    const Ref<RightsInFlight> rights = std::move(record->rights);
    if (rights) {
      rights->leave();
      receiving.rights = std::move(rights->files());
    }
    if (record->unread() > 0) return true;
    queue_.remove(*record);
    if (rights) return true;
    record = queue_.front();
  } while (message.data.remaining() > 0);
  return true;
}

Result<std::size_t> UnixStream::receive(IncomingMessage& message) {
  if (state_ != State::kConnected) return Errno::kInval;
  if (message.flags & kOutOfBand) return receive_out_of_band(message);
  const std::size_t size = message.data.remaining();
  const std::size_t wanted = message.flags & kWaitAll ? size : std::min<std::size_t>(size, options_.receive_low_water);
  Receiving receiving{.message = message, .target = std::max<std::size_t>(wanted, 1)};
  Errno failure = Errno::kNone;
  while (true) {
    receiving.skip = receiving.peeks() ? static_cast<std::size_t>(std::max(options_.peek_offset, 0)) : 0;
    if (TRY(receive_some(receiving))) break;
    const std::uint64_t seen = arrivals_;
    const auto changed = [&] { return arrivals_ != seen || has_error() || takes_no_more() || dead_; };
    failure = wait_to_receive(changed, message.flags & kDontWait).error();
    if (failure != Errno::kNone) break;
  }
  if (receiving.copied == 0 && failure != Errno::kNone) return failure;
  TRY(deliver_ancillary(message, options_, receiving.sender, std::move(receiving.rights)));
  return receiving.copied;
}

Result<std::size_t> UnixStream::receive_out_of_band(IncomingMessage& message) {
  if (options_.out_of_band_inline || !out_of_band_) return Errno::kInval;
  const Ref<Record> record(out_of_band_);
  const bool peeks = message.flags & kPeek;
  const std::size_t piece = std::min<std::size_t>(message.data.remaining(), 1);
  // It is lost, as on Linux, if it cannot be stored; but not where a page has to be waited for.
  if (auto room = message.data.check_room(piece); !room && message.data.pending()) return room.error();
  if (!peeks) out_of_band_ = nullptr;
  TRY(record->copy(message.data, record->read, piece));
  if (!peeks) record->read += 1;
  message.result_flags |= kOutOfBand;
  return 1;
}

}  // namespace kernel::net
