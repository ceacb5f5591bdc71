#include "net/inet/multicast.h"

#include "net/inet/transport.h"

namespace kernel::net::inet {

namespace {

// Protocol-independent names (RFC 3678), of both levels.
constexpr int kJoinGroup = 42, kLeaveGroup = 45;

// Linux's struct ip_mreqn; without the number it is ip_mreq.
struct UserRequest {
  std::uint32_t group;
  std::uint32_t address;
  std::int32_t device;
};
// struct ipv6_mreq.
struct UserRequest6 {
  std::uint8_t group[16];
  std::int32_t device;
};
// struct group_req.
struct UserGroupRequest {
  std::uint32_t device;
  std::uint32_t padding;
  std::byte group[128];
};

Result<UserRequest> request_of(const OptionInput& value, std::size_t least) {
  if (value.size() < least) return Errno::kInval;
  UserRequest request{};
  const std::size_t size = value.size() < sizeof request ? value.size() : sizeof request;
  TRY(mm::copy_from_user(&request, value.address().address(), size < sizeof request ? 8 : size));
  return request;
}

// By number, else by address. There is no route for a group, so one of them must say which. 0: none.
std::uint32_t device_of(const UserRequest& request) {
  if (request.device != 0) return request.device == kLoopbackDevice ? kLoopbackDevice : 0;
  const Address address = Address::of_v4(request.address);
  return !address.is_any() && address == Address::v4_of(127, 0, 0, 1) ? kLoopbackDevice : 0;
}

}  // namespace

Result<void> Memberships::set_option(int level, int name, const OptionInput& value, IpOptions& options) {
  if (level == kLevelIp) {
    switch (name) {
      case kIpAddMembership:
      case kIpDropMembership: {
        const UserRequest request = TRY(request_of(value, 8));
        const Address group = Address::of_v4(request.group);
        if (name == kIpAddMembership && !group.is_multicast()) return Errno::kInval;
        const std::uint32_t device = device_of(request);
        if (device == 0 && (name == kIpAddMembership || request.device != 0 || request.address != 0))
          return Errno::kNoDev;
        return name == kIpAddMembership ? join(group, device) : leave(group, device);
      }
      case kIpMulticastInterface: {
        if (value.size() < 4) return Errno::kInval;
        UserRequest request{};
        if (value.size() >= sizeof request) {
          request = TRY(request_of(value, 8));
        } else if (value.size() >= 8) {
          request = TRY(request_of(value, 8));
        } else {
          request.address = TRY(value.value<std::uint32_t>());
        }
        if (request.device == 0 && request.address == 0) {
          options.multicast_device = options.multicast_address = 0;
          return {};
        }
        const std::uint32_t device = device_of(request);
        if (device == 0) return Errno::kAddrNotAvail;
        options.multicast_device = device;
        options.multicast_address = request.address;
        return {};
      }
      default:
        break;
    }
  } else if (level == kLevelIp6 && (name == kIp6JoinGroup || name == kIp6LeaveGroup)) {
    const auto request = TRY(value.value<UserRequest6>());
    const Address group = Address::of_bytes(request.group);
    if (!group.is_multicast() || group.is_v4()) return Errno::kInval;
    if (request.device != kLoopbackDevice) {
      return name == kIp6LeaveGroup && request.device == 0 ? leave(group, 0) : Result<void>(Errno::kNoDev);
    }
    return name == kIp6JoinGroup ? join(group, kLoopbackDevice) : leave(group, kLoopbackDevice);
  }
  if ((level == kLevelIp || level == kLevelIp6) && (name == kJoinGroup || name == kLeaveGroup)) {
    const auto request = TRY(value.value<UserGroupRequest>());
    const SocketAddress address(request.group);
    if (address.family() != (level == kLevelIp ? kInet : kInet6)) return Errno::kInval;
    const Address group = level == kLevelIp ? inet_endpoint(address).address : inet6_endpoint(address).address;
    if (!group.is_multicast()) return Errno::kInval;
    if (request.device != kLoopbackDevice) return Errno::kNoDev;
    return name == kJoinGroup ? join(group, kLoopbackDevice) : leave(group, kLoopbackDevice);
  }
  return Errno::kNoProtoOpt;
}

Result<void> Memberships::join(const Address& group, std::uint32_t device) {
  for (const Membership& joined : joined_) {
    if (joined.group == group && joined.device == device) return Errno::kAddrInUse;
  }
  if (joined_.size() >= kMost) return Errno::kNoBufs;
  return joined_.push_back({group, device});
}

Result<void> Memberships::leave(const Address& group, std::uint32_t device) {
  for (std::size_t i = 0; i < joined_.size(); ++i) {
    if (joined_[i].group != group || (device != 0 && joined_[i].device != device)) continue;
    joined_.erase(i);
    return {};
  }
  return Errno::kAddrNotAvail;
}

bool Memberships::has_joined(const Address& group) const {
  for (const Membership& joined : joined_) {
    if (joined.group == group) return true;
  }
  return false;
}

// Who has joined nothing takes what others have joined, unless it says that it does not (IP_MULTICAST_ALL).
bool Memberships::receives(const Address& group, const IpOptions& options) const {
  if (has_joined(group)) return true;
  return group.is_v4() ? options.multicast_all : options.multicast_all6;
}

}  // namespace kernel::net::inet
