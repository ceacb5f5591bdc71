// Making and closing Unix sockets, their options, and what they are ready for.
#include "net/unix/unix_socket.h"

#include <utility>

#include "fs/file_table.h"
#include "fs/process_descriptor.h"
#include "fs/vfs.h"
#include "lib/global.h"
#include "net/unix/collector.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::net {

namespace {

constinit Global<UnixSocket::All> g_all;

// ioctl(2) requests (unix(7), sockios.h).
enum : std::uint32_t {
  kIoctlInputQueue = 0x541b,
  kIoctlOutputQueue = 0x5411,
  kIoctlAtMark = 0x8905,
  kIoctlOpenBoundFile = 0x89e0,  // SIOCUNIXFILE
};

Result<int> checked_type(int type, int protocol) {
  if (protocol != 0 && protocol != kUnix) return Errno::kProtoNoSupport;
  switch (type) {
    case kStream:
    case kDatagram:
    case kSequencedPacket:
      return type;
    case kRaw:  // as BSD had it
      return kDatagram;
    default:
      return Errno::kSockTNoSupport;
  }
}

Result<std::uint64_t> put_integer(std::uint64_t address, std::size_t value) {
  TRY(mm::UserPtr<std::int32_t>(address).write(static_cast<std::int32_t>(value)));
  return std::uint64_t{0};
}

}  // namespace

Result<Ref<Socket>> create_unix_socket(int type, int protocol) {
  return Ref<Socket>(TRY(UnixSocket::create(TRY(checked_type(type, protocol)))));
}

Result<SocketPair> create_unix_pair(int type, int protocol) {
  return UnixSocket::create_pair(TRY(checked_type(type, protocol)));
}

Result<Ref<PeerCredentials>> PeerCredentials::of_current() {
  const task::Task& task = task::current();
  auto made = TRY(make_ref<PeerCredentials>());
  made->ids = {task.process->ids.pid, task.credentials.euid, task.credentials.egid};
  made->process = TRY(task::PidHandle::of(made->ids.pid));
  TRY(made->groups.append(task.credentials.groups.span()));
  return made;
}

UnixSocket::All& UnixSocket::all() {
  return *g_all;
}

Result<Ref<UnixSocket>> UnixSocket::create(int type) {
  collect_now_and_then();
  if (type == kStream) return Ref<UnixSocket>(TRY(make_ref<UnixStream>()));
  return Ref<UnixSocket>(TRY(make_ref<UnixPackets>(type)));
}

Result<SocketPair> UnixSocket::create_pair(int type) {
  Ref<UnixSocket> first = TRY(create(type));
  Ref<UnixSocket> second = TRY(create(type));
  const Ref<PeerCredentials> both = TRY(PeerCredentials::of_current());
  first->peer_credentials_ = second->peer_credentials_ = both;
  first->become_connected_to(*second);
  second->become_connected_to(*first);
  return SocketPair{std::move(first), std::move(second)};
}

UnixSocket::UnixSocket(int type) : Socket(kUnix, type, 0), backlog_(kMostUnixDatagrams) {
  all().push_back(*this);
}

UnixSocket::~UnixSocket() = default;

void UnixSocket::become_connected_to(UnixSocket& other) {
  peer_ = Ref<UnixSocket>(&other);
  state_ = State::kConnected;
  if (!connection_based()) peer_room_entry_.attach(other.room_, peer_room_);
}

void UnixSocket::closed() {
  if (std::exchange(dead_, true)) return;
  const Ref<UnixSocket> kept(this);
  name_node.unlink();
  all_node.unlink();
  if (bound_inode_ && bound_inode_->attached.get() == this) bound_inode_->attached = nullptr;
  bound_inode_ = nullptr;
  place_ = {};
  shutdown_ = kNothing;
  state_ = State::kUnconnected;
  peer_room_entry_.detach();
  room_.wake_all();
  if (const Ref<UnixSocket> peer = std::move(peer_); peer && connection_based()) {
    Record* unread = queue_.front();
    if (unread && type() == kStream && unread->unread() == 0) unread = queue_.next(*unread);
    peer->shutdown_ = kNothing;
    if (unread || embryo_) peer->set_error(Errno::kConnReset);
    peer->changes().wake_all();
  }
  out_of_band_ = nullptr;
  queue_.clear();
  while (UnixSocket* embryo = embryos_.pop_front()) {
    embryo->closed();
    embryo->release();
  }
  embryo_count_ = 0;
  changes().wake_all();
  collect_now_and_then();
}

void UnixSocket::give_back(std::size_t bytes) {
  charged_ -= bytes;
  if (charged_ * 4 <= options_.send_buffer) changes().wake(fs::kPollWritable | fs::kPollWriteBand);
}

Result<void> UnixSocket::shutdown(ShutdownHow how) {
  const auto mode = static_cast<std::uint8_t>(how + 1);
  shutdown_ |= mode;
  if (peer_ && connection_based()) {
    if (mode & kNoReceive) peer_->shutdown_ |= kNoSend;
    if (mode & kNoSend) peer_->shutdown_ |= kNoReceive;
    peer_->changes().wake_all();
  }
  changes().wake_all();
  return {};
}

std::uint32_t UnixSocket::events() {
  std::uint32_t events = 0;
  if (has_error()) events |= fs::kPollErr;
  if (shutdown_ == kNothing) events |= fs::kPollHup;
  if (takes_no_more()) events |= fs::kPollReadHup | fs::kPollReadable;
  if (listening() ? !embryos_.empty() : !queue_.empty()) events |= fs::kPollReadable;
  if (out_of_band_) events |= fs::kPollPri;
  if (connection_based() && state_ == State::kUnconnected) events |= fs::kPollHup;
  const bool room = !listening() && charged_ * 4 <= options_.send_buffer;
  const bool peer_full = type() != kStream && peer_ && peer_->full_for(*this);
  if (room && !peer_full) events |= fs::kPollWritable | fs::kPollWriteBand;
  return events;
}

Result<void> UnixSocket::set_option(int level, int name, const OptionInput& value) {
  if (level != kLevelSocket) return Errno::kOpNotSupp;
  switch (name) {
    case kPassCredentials:
      options_.pass_credentials = TRY(value.flag());
      return {};
    case kPassSecurity:
      options_.pass_security = TRY(value.flag());
      return {};
    case kPassPidDescriptor:
      options_.pass_pid_descriptor = TRY(value.flag());
      return {};
    case kPeekOffset:
      options_.peek_offset = TRY(value.integer());
      return {};
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> UnixSocket::get_option(int level, int name, OptionOutput& value) {
  if (level != kLevelSocket) return Errno::kOpNotSupp;
  switch (name) {
    case kPeerCredentials:
      if (!peer_credentials_) return value.put_value(UserCredentials{0, ~0u, ~0u});
      return value.put_value(peer_credentials_->ids);
    case kPeerGroups: {
      if (!peer_credentials_) return Errno::kNoData;
      const auto groups = std::as_bytes(std::as_const(peer_credentials_->groups).span());
      if (value.room() < groups.size()) return value.needs(groups.size());
      return value.put(groups);
    }
    case kPeerPidDescriptor: {
      if (!peer_credentials_) return Errno::kNoData;
      const Ref<task::PidHandle>& process = peer_credentials_->process;
      if (process->gone()) return Errno::kSrch;
      Ref<fs::File> file = TRY(fs::make_process_descriptor(process, 0));
      const int fd = TRY(task::current().files->install(std::move(file), true));
      auto told = value.put_integer(fd);
      if (!told) TRY(task::current().files->close(fd));
      return told;
    }
    case kPeekOffset:
      return value.put_integer(options_.peek_offset);
    default:
      return Errno::kNoProtoOpt;
  }
}

std::size_t UnixSocket::bytes_to_read() {
  std::size_t bytes = 0;
  for (Record* record = queue_.front(); record; record = queue_.next(*record)) {
    bytes += record->unread();
    if (!connection_based()) break;
  }
  return bytes;
}

// Whether a read would begin right behind the byte of MSG_OOB, or at it.
bool UnixSocket::at_mark() {
  Record* first = queue_.front();
  if (!first) return false;
  if (first == out_of_band_) return true;
  return first->unread() == 0 && (!out_of_band_ || queue_.next(*first) == out_of_band_);
}

Result<std::uint64_t> UnixSocket::open_bound_file() {
  if (!task::current().credentials.can(task::Capability::kNetAdmin)) return Errno::kPerm;
  if (!place_) return Errno::kNoEnt;
  Ref<fs::File> file = TRY(fs::open_path_only(place_, fs::kPathOnly));
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), true)));
}

Result<std::uint64_t> UnixSocket::ioctl(std::uint32_t request, std::uint64_t argument) {
  switch (request) {
    case kIoctlInputQueue:
      if (listening()) return Errno::kInval;
      return put_integer(argument, bytes_to_read());
    case kIoctlOutputQueue:
      return put_integer(argument, charged_);
    case kIoctlAtMark:
      return put_integer(argument, at_mark());
    case kIoctlOpenBoundFile:
      return open_bound_file();
    default:
      return Errno::kNoTty;
  }
}

}  // namespace kernel::net
