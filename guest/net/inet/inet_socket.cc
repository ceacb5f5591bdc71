#include "net/inet/inet_socket.h"

#include <string_view>

#include "lib/time.h"
#include "net/inet/transport.h"

namespace kernel::net::inet {

namespace {

bool can(task::Capability capability) {
  return task::current().credentials.can(capability);
}

}  // namespace

InetSocket::InetSocket(int family, int type, int protocol)
    : Socket(family, type, protocol), uid_(task::current().credentials.fsuid) {
  local_.address = remote_.address = wildcard();
}

// In the order of Linux's inet_bind_sk() and inet6_bind_sk().
Result<Endpoint> InetSocket::bind_argument(const SocketAddress& address) const {
  Endpoint where;
  if (is_v6()) {
    if (address.size() < kLeastInet6Address) return Errno::kInval;
    if (address.family() != kInet6) return Errno::kAfNoSupport;
    where = inet6_endpoint(address);
    if (where.address.is_multicast() && !where.address.is_v4() && type() == kStream) return Errno::kInval;
  } else {
    if (address.size() < sizeof(UserInetAddress)) return Errno::kInval;
    where = inet_endpoint(address);
    // AF_UNSPEC passes for AF_INET if the address is 0.0.0.0, because it once did.
    if (address.family() != kInet && (address.family() != kUnspecified || !where.address.is_any()))
      return Errno::kAfNoSupport;
    if (!is_own_address(where.address) && !ip_.free_bind && !ip_.transparent) return Errno::kAddrNotAvail;
  }
  if (where.port != 0 && where.port < kFirstUnprivileged && ports() && !can(task::Capability::kNetBindService))
    return Errno::kAcces;
  return where;
}

Result<void> InetSocket::bind(const SocketAddress& address) {
  const Endpoint where = TRY(bind_argument(address));
  if (state_ != TcpState::kClose || (ports() && local_.port != 0)) return Errno::kInval;
  if (is_v6()) {
    if (where.address.is_v4()) {
      if (ip_.v6_only) return Errno::kInval;
      if (!is_own_address(where.address) && !ip_.free_bind && !ip_.transparent) return Errno::kAddrNotAvail;
    } else if (!where.address.is_any()) {
      if (where.address.is_link_local() && where.scope == 0 && device_ == 0) return Errno::kInval;
      if (!is_own_address(where.address) && !ip_.free_bind && !ip_.transparent) return Errno::kAddrNotAvail;
    }
  }
  const Endpoint before = local_;
  local_ = {where.address, 0, where.address.is_link_local() ? where.scope : 0};
  if (ports()) {
    if (where.port != 0 || !ip_.bind_address_no_port) {
      if (auto taken = take_port(where.port); !taken) {
        local_ = before;
        return taken;
      }
    }
    port_bound_ = where.port != 0;
  }
  address_bound_ = !where.address.is_any();
  remote_ = {wildcard(), 0, 0};
  return {};
}

Result<void> InetSocket::take_port(std::uint16_t port) {
  PortTable& table = *ports();
  if (port == 0) {
    port = table.choose(*this);
    if (port == 0) return Errno::kAddrInUse;
  } else if (!table.available(*this, port, false)) {
    return Errno::kAddrInUse;
  }
  local_.port = port;
  table.insert(*this);
  return {};
}

void InetSocket::release_port() {
  port_link.unlink();
  local_.port = 0;
}

Result<void> InetSocket::bind_automatically() {
  if (!ports() || local_.port != 0) return {};
  if (!take_port(0)) return Errno::kAgain;
  return {};
}

void InetSocket::forget_automatic_name() {
  if (!address_bound_) local_.address = wildcard(), local_.scope = 0;
  if (!port_bound_ && ports()) release_port();
}

Result<Endpoint> InetSocket::destination_argument(const SocketAddress& address) const {
  if (!is_v6()) {
    if (address.size() < sizeof(UserInetAddress)) return Errno::kInval;
    if (address.family() != kInet) return Errno::kAfNoSupport;
    Endpoint where = inet_endpoint(address);
    if (where.address.is_any()) where.address = Address::v4_of(127, 0, 0, 1);
    return where;
  }
  if (address.size() < kLeastInet6Address) return Errno::kInval;
  if (address.family() != kInet6) return Errno::kAfNoSupport;
  Endpoint where = inet6_endpoint(address);
  // To nowhere in particular is to oneself (BSD), in IPv4 if the socket speaks that.
  if (where.address == Address()) {
    where.address = local_.address.is_v4() ? Address::v4_of(127, 0, 0, 1) : Address::v6_loopback();
  }
  if (where.address == Address::of_v4(0)) where.address = Address::v4_of(127, 0, 0, 1);
  if (where.address.is_v4() && ip_.v6_only) return Errno::kNetUnreach;
  // Bound to an address of one family it speaks that only.
  if (address_bound_ && local_.address.is_v4() != where.address.is_v4())
    return where.address.is_v4() ? Errno::kNetUnreach : Errno::kAfNoSupport;
  if (where.address.is_link_local() && where.scope == 0 && device_ == 0) return Errno::kInval;
  if (!where.address.is_link_local()) where.scope = 0;
  return where;
}

Result<SocketAddress> InetSocket::peer_name() {
  if (remote_.port == 0 || state_ == TcpState::kClose || state_ == TcpState::kSynSent) return Errno::kNotConn;
  return to_socket_address(remote_, family(), 0);
}

PortHolder::Sharing InetSocket::sharing() const {
  return {.reuse_address = options_.reuse_address,
          .reuse_port = options_.reuse_port,
          .v6_only = ip_.v6_only,
          .listening = state_ == TcpState::kListen,
          .for_connection = port_by_connecting_,
          .uid = uid_,
          .device = device_};
}

// sock_gettstamp() of Linux.
Result<std::uint64_t> InetSocket::ioctl(std::uint32_t request, std::uint64_t argument) {
  // Both of which had 32-bit times once: SIOCGSTAMP, SIOCGSTAMPNS.
  constexpr std::uint32_t kStamp = 0x8906, kStampNs = 0x8907, kStampNew = 0x80108906, kStampNsNew = 0x80108907;
  if (request != kStamp && request != kStampNs && request != kStampNew && request != kStampNsNew) return Errno::kNoTty;
  keeps_stamps_ = true;
  if (stamp_ns_ == kNoStamp) return Errno::kNoEnt;
  if (stamp_ns_ == 0) stamp_ns_ = realtime_ns();
  const Timespec time = to_timespec(stamp_ns_);
  const bool in_ns = request == kStampNs || request == kStampNsNew;
  const std::int64_t answer[2] = {time.seconds, in_ns ? time.nanoseconds : time.nanoseconds / 1000};
  TRY(mm::copy_to_user(argument, answer, sizeof answer));
  return 0;
}

void InetSocket::note_stamp(std::uint64_t realtime_ns) {
  if (options_.timestamp) return;
  if (keeps_stamps_) {
    stamp_ns_ = realtime_ns;
  } else if (stamp_ns_ == kNoStamp) {
    stamp_ns_ = 0;
  }
}

Result<void> InetSocket::set_option(int level, int name, const OptionInput& value) {
  if (level == kLevelIp) return set_ip_option(ip_, name, value, type());
  if (level == kLevelIp6 && is_v6()) {
    // IPV6_V6ONLY is settled once there is a name.
    if (name == kIp6Only && local_.port != 0) return Errno::kInval;
    return set_ip6_option(ip_, name, value);
  }
  if (level == kLevelSocket && name == kBindToDevice) {
    constexpr std::size_t kMostName = 15;
    char text[kMostName + 1] = {};
    const std::size_t size = value.size() < kMostName ? value.size() : kMostName;
    TRY(mm::copy_from_user(text, value.address().address(), size));
    if (device_ != 0 && !can(task::Capability::kNetRaw)) return Errno::kPerm;
    const std::string_view device(text);
    if (!device.empty() && device != kLoopbackName) return Errno::kNoDev;
    device_ = device.empty() ? 0 : kLoopbackDevice;
    return {};
  }
  return Errno::kNoProtoOpt;
}

Result<void> InetSocket::get_option(int level, int name, OptionOutput& value) {
  if (level == kLevelIp) return get_ip_option(ip_, name, value);
  if (level == kLevelIp6 && is_v6()) return get_ip6_option(ip_, name, value);
  if (level == kLevelSocket && name == kBindToDevice) {
    if (device_ == 0) return value.put({});
    if (value.room() < 16) return Errno::kInval;
    return value.put(std::as_bytes(std::span(kLoopbackName)));
  }
  // do_ip_getsockopt() of Linux has an errno of its own.
  if (level != kLevelSocket && !is_v6()) return Errno::kOpNotSupp;
  return Errno::kNoProtoOpt;
}

}  // namespace kernel::net::inet
