// Sending and receiving on datagram and sequenced-packet sockets: whole messages.
#include <algorithm>
#include <utility>

#include "net/unix/ancillary.h"
#include "net/unix/collector.h"
#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

constexpr std::size_t kSendBufferReserve = 32;

}  // namespace

Result<std::size_t> UnixPackets::send(OutgoingMessage& message) {
  const bool sequenced = type() == kSequencedPacket;
  if (sequenced) {
    if (has_error()) return take_error();
    if (state_ != State::kConnected) return Errno::kNotConn;
  }
  Ancillary ancillary = TRY(read_ancillary(message.control));
  Ref<RightsInFlight> rights;
  if (!ancillary.rights.empty()) collect_now_and_then();
  if (message.flags & kOutOfBand) return Errno::kOpNotSupp;
  UnixName name;
  if (message.name && !sequenced) name = TRY(UnixName::from(*message.name));
  if (name.empty() && !peer_) return Errno::kNotConn;
  TRY(bind_for_credentials());
  const std::size_t size = message.data.remaining();
  if (size > options_.send_buffer - kSendBufferReserve) return Errno::kMsgSize;
  const bool non_blocking = message.flags & kDontWait;
  Ref<Record> record = TRY(make_record(size, packet_charge(size), message.data, non_blocking));
  record->sender = ancillary.sender;
  if (!ancillary.rights.empty()) record->rights = TRY(RightsInFlight::create(std::move(ancillary.rights)));
  TRY(send_to(TRY(receiver_of(name)), name, std::move(record), non_blocking));
  return size;
}

Result<Ref<UnixSocket>> UnixPackets::receiver_of(const UnixName& name) {
  if (!name.empty()) return find(name, type());
  if (!peer_) return Errno::kNotConn;
  return Ref<UnixSocket>(peer_);
}

Result<void> UnixPackets::send_to(Ref<UnixSocket> receiver, const UnixName& name, Ref<Record> record,
                                  bool non_blocking) {
  const Deadline deadline =
      options_.send_timeout_ns == 0 ? Deadline::never() : Deadline::after(options_.send_timeout_ns);
  while (true) {
    // What its filter does not want is sent and lost. Each time, because the receiver may have become another.
    if (receiver->has_filter() && !TRY(receiver->filter_record(*record))) return {};
    if (!receiver->takes_messages_of(*this)) return Errno::kPerm;
    if (receiver->dead_) {
      if (type() == kSequencedPacket) return Errno::kPipe;
      if (peer_ == receiver) {
        drop_peer(nullptr);
        return Errno::kConnRefused;
      }
      receiver = TRY(receiver_of(name));
      continue;
    }
    if (receiver->takes_no_more()) return Errno::kPipe;
    if (!receiver->full_for(*this)) break;
    if (non_blocking) return Errno::kAgain;
    auto waited = receiver->room_.wait_until(
        [&] { return receiver->dead_ || receiver->takes_no_more() || !receiver->full_for(*this); }, deadline);
    if (waited.error() == Errno::kTimedOut) return Errno::kAgain;
    if (waited.error() == Errno::kRestart && options_.send_timeout_ns != 0) return Errno::kIntr;
    TRY(std::move(waited));
  }
  deliver(std::move(record), *receiver);
  return {};
}

Result<bool> UnixSocket::filter_record(Record& record) const {
  const Vector<std::byte> contents = TRY(record.contents());
  const auto admits = admitted({.data = contents.span()});
  if (admits) record.trim(*admits);
  return admits.has_value();
}

// The first one, or where SO_PEEK_OFF says.
Record* UnixPackets::first_to_receive(std::uint32_t flags, std::size_t& skip) {
  const bool offset = (flags & kPeek) && options_.peek_offset >= 0;
  skip = offset ? static_cast<std::size_t>(options_.peek_offset) : 0;
  Record* record = queue_.front();
  while (record && offset && skip >= record->length() && (record->length() > 0 || skip > 0 || record->peeked)) {
    skip -= record->length();
    record = queue_.next(*record);
  }
  return record;
}

Result<std::size_t> UnixPackets::receive(IncomingMessage& message) {
  const bool sequenced = type() == kSequencedPacket;
  if (sequenced && state_ != State::kConnected) return Errno::kNotConn;
  if (message.flags & kOutOfBand) return Errno::kOpNotSupp;
  const bool peeks = message.flags & kPeek;
  if (has_error()) return take_error();
  std::size_t skip = 0;
  const auto ended = [&] { return has_error() || takes_no_more(); };
  if (!first_to_receive(message.flags, skip)) {
    // The end of a datagram socket's receiving is one only for who would have to wait for it.
    if ((message.flags & kDontWait) && !(sequenced && ended())) return Errno::kAgain;
    TRY(wait_to_receive([&] { return first_to_receive(message.flags, skip) || ended(); }, false));
    if (has_error()) return take_error();
  }
  Record* found = first_to_receive(message.flags, skip);
  if (!found) return 0;
  const Ref<Record> record(found);
  const std::size_t rest = record->length() - skip;
  const std::size_t size = std::min(rest, message.data.remaining());
  if (!peeks) {
    // Taken before it is copied: a message that cannot be stored is lost, as on Linux; but not where a page has to be
    // waited for.
    if (auto room = message.data.check_room(size); !room && message.data.pending()) return room.error();
    queue_.remove(*found);
    room_.wake_all();
  }
  record->peeked |= peeks && record->length() == 0;
  if (message.name && !record->from().name().empty()) *message.name = record->from().name().address();
  if (size < rest) message.result_flags |= kTruncated;
  TRY(record->copy(message.data, skip, size));
  Rights rights;
  if (peeks) {
    if (options_.peek_offset >= 0) options_.peek_offset += static_cast<std::int32_t>(size);
    if (record->rights) rights = TRY(record->rights->duplicate());
  } else {
    if (options_.peek_offset > 0) {
      options_.peek_offset -= static_cast<std::int32_t>(std::min<std::size_t>(record->length(), options_.peek_offset));
    }
    if (record->rights) rights = std::move(record->rights->files());
  }
  TRY(deliver_ancillary(message, options_, record->sender, std::move(rights)));
  return message.flags & kTruncated ? rest : size;
}

}  // namespace kernel::net
