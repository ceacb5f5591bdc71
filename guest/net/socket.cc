// The options of level SOL_SOCKET, as Linux's net/core/sock.c has them, and what ends a stream.
#include "net/socket.h"

#include <algorithm>
#include <utility>

#include "lib/time.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::net {

namespace {

constexpr std::uint64_t kAtOnceNs = 1;  // a time-out that has passed when it is looked at

bool can(task::Capability capability) {
  return task::current().credentials.can(capability);
}

// Linux's struct __kernel_sock_timeval.
struct UserTimeval {
  std::int64_t seconds;
  std::int64_t microseconds;
};

// 0 is for ever; a negative one waits not at all (sock_set_timeout() of Linux).
Result<std::uint64_t> timeout_of(const OptionInput& value) {
  const auto given = TRY(value.value<UserTimeval>());
  if (given.microseconds < 0 || given.microseconds >= 1'000'000) return Errno::kDom;
  if (given.seconds < 0) return kAtOnceNs;
  constexpr std::int64_t kMost = static_cast<std::int64_t>(kEndOfTimeNs / kNanosecondsPerSecond) - 1;
  if (given.seconds >= kMost) return std::uint64_t{0};
  return static_cast<std::uint64_t>(given.seconds) * kNanosecondsPerSecond +
         static_cast<std::uint64_t>(given.microseconds) * 1000;
}

UserTimeval to_timeout(std::uint64_t ns) {
  if (ns == kAtOnceNs) return {0, 0};
  return {static_cast<std::int64_t>(ns / kNanosecondsPerSecond),
          static_cast<std::int64_t>(ns % kNanosecondsPerSecond / 1000)};
}

// What is asked for is doubled; a negative size is a very large one.
std::uint32_t buffer_size(std::int32_t asked, std::uint32_t most, std::uint32_t least) {
  return std::max(std::min(static_cast<std::uint32_t>(asked), most) * 2, least);
}

constexpr std::uint32_t kMostForced = 0x7fff'ffff / 2;

Result<void> set_socket_option(SocketOptions& options, int name, const OptionInput& value) {
  const std::int32_t number = TRY(value.integer());
  const bool on = number != 0;
  switch (name) {
    case kDebug:
      if (on && !can(task::Capability::kNetAdmin)) return Errno::kAcces;
      options.debug = on;
      return {};
    case kReuseAddress:
      options.reuse_address = on;
      return {};
    case kReusePort:
      options.reuse_port = on;
      return {};
    case kOptionDontRoute:
      options.dont_route = on;
      return {};
    case kBroadcast:
      options.broadcast = on;
      return {};
    case kSendBufferForce:
      if (!can(task::Capability::kNetAdmin)) return Errno::kPerm;
      options.send_buffer = buffer_size(std::max(number, 0), kMostForced, kLeastSendBuffer);
      options.send_buffer_set = true;
      return {};
    case kSendBuffer:
      options.send_buffer = buffer_size(number, kMostBuffer, kLeastSendBuffer);
      options.send_buffer_set = true;
      return {};
    case kReceiveBufferForce:
      if (!can(task::Capability::kNetAdmin)) return Errno::kPerm;
      options.receive_buffer = buffer_size(std::max(number, 0), kMostForced, kLeastReceiveBuffer);
      options.receive_buffer_set = true;
      return {};
    case kReceiveBuffer:
      options.receive_buffer = buffer_size(number, kMostBuffer, kLeastReceiveBuffer);
      options.receive_buffer_set = true;
      return {};
    case kKeepAlive:
      options.keep_alive = on;
      return {};
    case kOutOfBandInline:
      options.out_of_band_inline = on;
      return {};
    case kNoCheck:
      options.no_check = on;
      return {};
    case kPriority:
      if ((number < 0 || number > 6) && !can(task::Capability::kNetAdmin) && !can(task::Capability::kNetRaw))
        return Errno::kPerm;
      options.priority = number;
      return {};
    case kMark:
      if (!can(task::Capability::kNetAdmin) && !can(task::Capability::kNetRaw)) return Errno::kPerm;
      options.mark = static_cast<std::uint32_t>(number);
      return {};
    case kLinger: {
      const auto linger = TRY(value.value<UserLinger>());
      options.linger.on = linger.on != 0;
      options.linger.seconds = linger.seconds;
      return {};
    }
    case kReceiveLowWater:
      options.receive_low_water = number < 0 ? 0x7fff'ffff : std::max(number, 1);
      return {};
    case kReceiveTimeout:
      options.receive_timeout_ns = TRY(timeout_of(value));
      return {};
    case kSendTimeout:
      options.send_timeout_ns = TRY(timeout_of(value));
      return {};
    case kTimestamp:
      options.timestamp = on;
      options.timestamp_ns = false;
      return {};
    case kTimestampNs:
      options.timestamp = options.timestamp_ns = on;
      return {};
    case kReceiveQueueOverflow:
      options.receive_queue_overflow = on;
      return {};
    default:
      return Errno::kNoProtoOpt;
  }
}

// The value of an option that is a number.
Result<std::int32_t> socket_option(const SocketOptions& options, int name) {
  switch (name) {
    case kDebug:
      return options.debug;
    case kReuseAddress:
      return options.reuse_address;
    case kReusePort:
      return options.reuse_port;
    case kOptionDontRoute:
      return options.dont_route;
    case kBroadcast:
      return options.broadcast;
    case kSendBuffer:
      return static_cast<std::int32_t>(options.send_buffer);
    case kReceiveBuffer:
      return static_cast<std::int32_t>(options.receive_buffer);
    case kKeepAlive:
      return options.keep_alive;
    case kOutOfBandInline:
      return options.out_of_band_inline;
    case kNoCheck:
      return options.no_check;
    case kPriority:
      return options.priority;
    case kMark:
      return static_cast<std::int32_t>(options.mark);
    case kReceiveLowWater:
      return options.receive_low_water;
    case kSendLowWater:
      return 1;
    case kTimestamp:
      return options.timestamp && !options.timestamp_ns;
    case kTimestampNs:
      return options.timestamp_ns;
    case kReceiveQueueOverflow:
      return options.receive_queue_overflow;
    case kPassCredentials:
      return options.pass_credentials;
    case kPassSecurity:
      return options.pass_security;
    case kPassPidDescriptor:
      return options.pass_pid_descriptor;
    case kZeroCopy:
      return options.zero_copy;
    case kIncomingCpu:
      return 0;
    default:
      return Errno::kNoProtoOpt;
  }
}

}  // namespace

// sk_setsockopt() of Linux: the value is read, as a number, before anything is said about the filter.
Result<void> Socket::set_filter_option(int name, const OptionInput& value) {
  const bool on = TRY(value.flag());
  if (name == kAttachBpf) return value.size() == sizeof(std::int32_t) ? Errno::kBadF : Errno::kInval;  // there are none
  if (name == kAttachFilter) {
    if (value.size() != SocketFilter::kOptionSize) return Errno::kInval;
    if (filter_locked_) return Errno::kPerm;
    filter_ = TRY(SocketFilter::from_option(value));
    return {};
  }
  if (name == kLockFilter) {
    if (filter_locked_ && !on) return Errno::kPerm;
    filter_locked_ = on;
    return {};
  }
  if (filter_locked_) return Errno::kPerm;
  if (!filter_) return Errno::kNoEnt;
  filter_ = nullptr;
  return {};
}

std::optional<std::size_t> Socket::admitted(const FilteredPacket& packet, std::size_t least) const {
  const std::size_t size = packet.size();
  if (!filter_) return size;
  const std::uint32_t most = filter_->run(packet);
  if (most == 0) return std::nullopt;
  return std::min(size, std::max<std::size_t>(most, least));
}

// Who can be told of senders (sk_may_scm_recv() of Linux, since 6.16).
bool Socket::refuses(int name) const {
  if (name == kPassPidDescriptor) return family_ != kUnix;
  return (name == kPassCredentials || name == kPassSecurity) && family_ != kUnix && family_ != kNetlink;
}

Result<void> Socket::set_any_option(int level, int name, const OptionInput& value) {
  auto set = set_option(level, name, value);
  if (level != kLevelSocket || set.error() != Errno::kNoProtoOpt) return set;
  if (refuses(name)) return Errno::kOpNotSupp;
  if (name == kAttachFilter || name == kDetachFilter || name == kLockFilter || name == kAttachBpf)
    return set_filter_option(name, value);
  if (name == kReusePort && family_ != kInet && family_ != kInet6 && TRY(value.flag())) return Errno::kOpNotSupp;
  return set_socket_option(options_, name, value);
}

Result<void> Socket::get_any_option(int level, int name, OptionOutput& value) {
  auto got = get_option(level, name, value);
  if (level != kLevelSocket || got.error() != Errno::kNoProtoOpt) return got;
  if (refuses(name)) return Errno::kOpNotSupp;
  switch (name) {
    case kType:
      return value.put_integer(type_);
    case kDomain:
      return value.put_integer(family_);
    case kProtocol:
      return value.put_integer(protocol_);
    case kError:
      return value.put_integer(static_cast<std::int32_t>(take_error()));
    case kAcceptsConnections:
      return value.put_integer(listening());
    case kLinger:
      return value.put_value(options_.linger);
    case kReceiveTimeout:
      return value.put_value(to_timeout(options_.receive_timeout_ns));
    case kSendTimeout:
      return value.put_value(to_timeout(options_.send_timeout_ns));
    case kPeerCredentials:
      return value.put_value(UserCredentials{0, ~0u, ~0u});
    case kAttachFilter: {  // SO_GET_FILTER: sizes are in instructions
      if (!filter_) return value.put({});
      const auto program = filter_->program();
      if (value.room() != 0 && value.room() < program.size()) return Errno::kInval;
      return value.put_whole(value.room() != 0 ? std::as_bytes(program) : std::span<const std::byte>(), program.size());
    }
    case kLockFilter:
      return value.put_integer(filter_locked_);
    case kPeerName: {
      auto name_of_peer = peer_name();
      if (!name_of_peer) return Errno::kNotConn;
      if (name_of_peer.value().size() < value.room()) return Errno::kInval;
      return value.put(name_of_peer.value().bytes());
    }
    default:
      break;
  }
  return value.put_integer(TRY(socket_option(options_, name)));
}

Errno Socket::take_error() {
  return std::exchange(error_, Errno::kNone);
}

Errno Socket::broken_pipe(std::uint32_t flags) {
  if (!(flags & kNoSignal)) {
    task::send_signal(task::current(), task::signal_from_current(task::kSigPipe, task::kSiUser));
  }
  return Errno::kPipe;
}

}  // namespace kernel::net
