// Options about groups, as payloads pass them. See do_ip_setsockopt(), do_mcast_group_source(), ip_set_mcast_msfilter() and
// do_ipv6_setsockopt() of Linux.
#include <algorithm>
#include <utility>

#include "net/inet/multicast.h"
#include "net/inet/transport.h"
#include "net/socket_options.h"

namespace kernel::net::inet {

namespace {

// Protocol-independent names (RFC 3678), of both levels.
enum : int {
  kJoinGroup = 42,
  kBlockSource = 43,
  kUnblockSource = 44,
  kLeaveGroup = 45,
  kJoinSourceGroup = 46,
  kLeaveSourceGroup = 47,
  kGroupFilter = 48,
};

// Linux's struct ip_mreqn; without the number it is ip_mreq.
struct UserRequest {
  std::uint32_t group;
  std::uint32_t address;
  std::int32_t device;
};
// struct ip_mreq_source.
struct UserSourceRequest {
  std::uint32_t group;
  std::uint32_t address;
  std::uint32_t source;
};
// struct ip_msfilter; the sources follow.
struct UserFilter {
  std::uint32_t group;
  std::uint32_t address;
  std::uint32_t mode;
  std::uint32_t count;
};
// struct ipv6_mreq.
struct UserRequest6 {
  std::uint8_t group[16];
  std::int32_t device;
};
constexpr std::size_t kStorage = 128;  // struct sockaddr_storage
// struct group_req, group_source_req.
struct UserGroupRequest {
  std::uint32_t device;
  std::uint32_t padding;
  std::byte group[kStorage];
};
struct UserGroupSourceRequest {
  UserGroupRequest group;
  std::byte source[kStorage];
};
// struct group_filter; the sources follow, as struct sockaddr_storage.
struct UserGroupFilter {
  UserGroupRequest group;
  std::uint32_t mode;
  std::uint32_t count;
};
static_assert(sizeof(UserGroupSourceRequest) == 264 && sizeof(UserGroupFilter) == 144);

Result<UserRequest> request_of(const OptionInput& value) {
  if (value.size() < 8) return Errno::kInval;
  UserRequest request{};
  const std::size_t size = value.size() < sizeof request ? 8 : sizeof request;
  TRY(mm::copy_from_user(&request, value.address().address(), size));
  return request;
}

// By number, else by address. There is no route for a group, so one of them must say which. 0: none.
std::uint32_t device_of(std::int32_t number, std::uint32_t address) {
  if (number != 0) return number == kLoopbackDevice ? kLoopbackDevice : 0;
  return Address::of_v4(address) == Address::v4_of(127, 0, 0, 1) ? kLoopbackDevice : 0;
}

// kAddrNotAvail where the family is another one.
Result<Address> address_of(const std::byte (&storage)[kStorage], int family) {
  const SocketAddress address(storage);
  if (address.family() != family) return Errno::kAddrNotAvail;
  return family == kInet ? inet_endpoint(address).address : inet6_endpoint(address).address;
}

// Where the device has to be known, and the group to be one.
Result<std::uint32_t> checked_device(const Address& group, std::uint32_t device, int family) {
  if (!group.is_multicast() || group.is_v4() != (family == kInet)) return Errno::kInval;
  if (device != kLoopbackDevice) return Errno::kNoDev;
  return device;
}

}  // namespace

Result<void> Memberships::set_option(int level, int name, const OptionInput& value, IpOptions& options) {
  if (level != kLevelIp && level != kLevelIp6) return Errno::kNoProtoOpt;
  if (name >= kJoinGroup && name <= kGroupFilter)
    return set_any_option(name, value, level == kLevelIp ? kInet : kInet6);
  return level == kLevelIp ? set_v4_option(name, value, options) : set_v6_option(name, value);
}

Result<void> Memberships::set_v4_option(int name, const OptionInput& value, IpOptions& options) {
  switch (name) {
    case kIpAddMembership:
    case kIpDropMembership: {
      const UserRequest request = TRY(request_of(value));
      const Group group{Address::of_v4(request.group), device_of(request.device, request.address)};
      if (name == kIpAddMembership && !group.address.is_multicast()) return Errno::kInval;
      if (group.device == 0 && (name == kIpAddMembership || request.device != 0 || request.address != 0))
        return Errno::kNoDev;
      return name == kIpAddMembership ? join(group, SourceMode::kExclude) : leave(group);
    }
    case kIpMulticastInterface: {
      if (value.size() < 4) return Errno::kInval;
      UserRequest request{};
      if (value.size() >= 8) {
        request = TRY(request_of(value));
      } else {
        request.address = TRY(value.value<std::uint32_t>());
      }
      if (request.device == 0 && request.address == 0) {
        options.multicast_device = options.multicast_address = 0;
        return {};
      }
      const std::uint32_t device = device_of(request.device, request.address);
      if (device == 0) return Errno::kAddrNotAvail;
      options.multicast_device = device;
      options.multicast_address = request.address;
      return {};
    }
    case kIpBlockSource:
    case kIpUnblockSource:
    case kIpAddSourceMembership:
    case kIpDropSourceMembership: {
      if (value.size() != sizeof(UserSourceRequest)) return Errno::kInval;
      const auto request = TRY(value.value<UserSourceRequest>());
      const Address group = Address::of_v4(request.group);
      const std::uint32_t device = TRY(checked_device(group, device_of(0, request.address), kInet));
      const int general = name == kIpBlockSource           ? kBlockSource
                          : name == kIpUnblockSource       ? kUnblockSource
                          : name == kIpAddSourceMembership ? kJoinSourceGroup
                                                           : kLeaveSourceGroup;
      return set_source_option(general, {group, device}, Address::of_v4(request.source));
    }
    case kIpMulticastFilter:
      return set_v4_filter(value);
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> Memberships::set_v6_option(int name, const OptionInput& value) {
  if (name != kIp6JoinGroup && name != kIp6LeaveGroup) return Errno::kNoProtoOpt;
  const auto request = TRY(value.value<UserRequest6>());
  const Group group{Address::of_bytes(request.group), static_cast<std::uint32_t>(request.device)};
  if (!group.address.is_multicast() || group.address.is_v4()) return Errno::kInval;
  if (group.device != kLoopbackDevice && (name == kIp6JoinGroup || group.device != 0)) return Errno::kNoDev;
  return name == kIp6JoinGroup ? join(group, SourceMode::kExclude) : leave(group);
}

Result<void> Memberships::set_any_option(int name, const OptionInput& value, int family) {
  if (name == kGroupFilter) return set_group_filter(value, family);
  if (name == kJoinGroup || name == kLeaveGroup) {
    const auto request = TRY(value.value<UserGroupRequest>());
    auto given = address_of(request.group, family);
    if (!given) return family == kInet ? Errno::kInval : given.error();
    const Group group{given.value(), TRY(checked_device(given.value(), request.device, family))};
    return name == kJoinGroup ? join(group, SourceMode::kExclude) : leave(group);
  }
  const auto request = TRY(value.value<UserGroupSourceRequest>());
  const Address group = TRY(address_of(request.group.group, family));
  const Address source = TRY(address_of(request.source, family));
  return set_source_option(name, {group, TRY(checked_device(group, request.group.device, family))}, source);
}

Result<void> Memberships::set_source_option(int name, const Group& group, const Address& source) {
  if (name == kJoinSourceGroup) {
    // One more source of a group that was joined is as good.
    auto joined = join(group, SourceMode::kInclude);
    if (!joined && joined.error() != Errno::kAddrInUse) return joined;
  }
  const bool includes = name == kJoinSourceGroup || name == kLeaveSourceGroup;
  return change_source(group, source, includes ? SourceMode::kInclude : SourceMode::kExclude,
                       name == kJoinSourceGroup || name == kBlockSource);
}

Result<void> Memberships::set_v4_filter(const OptionInput& value) {
  if (value.size() > kMostOptionMemory) return Errno::kNoBufs;
  const auto filter = TRY(value.value<UserFilter>());
  if (filter.count > kMostSources) return Errno::kNoBufs;
  if (value.size() < sizeof filter + filter.count * sizeof(std::uint32_t)) return Errno::kInval;
  const Address group = Address::of_v4(filter.group);
  if (!group.is_multicast() || filter.mode > 1) return Errno::kInval;
  std::uint32_t sources[kMostSources];
  TRY(mm::copy_from_user(sources, value.address().address() + sizeof filter, filter.count * sizeof sources[0]));
  Vector<Address> addresses;
  for (std::uint32_t i = 0; i < filter.count; ++i) TRY(addresses.push_back(Address::of_v4(sources[i])));
  const std::uint32_t device = TRY(checked_device(group, device_of(0, filter.address), kInet));
  return set_sources({group, device}, static_cast<SourceMode>(filter.mode), std::move(addresses));
}

Result<void> Memberships::set_group_filter(const OptionInput& value, int family) {
  if (value.size() < sizeof(UserGroupFilter)) return Errno::kInval;
  if (value.size() > kMostOptionMemory) return Errno::kNoBufs;
  const auto filter = TRY(value.value<UserGroupFilter>());
  if (filter.count > (family == kInet ? kMostSources : kMostSources6)) return Errno::kNoBufs;
  if (value.size() < sizeof filter + filter.count * kStorage) return Errno::kInval;
  auto given = address_of(filter.group.group, family);
  if (!given) return family == kInet ? given.error() : Errno::kInval;
  const Address group = given.value();
  Vector<Address> addresses;
  for (std::uint32_t i = 0; i < filter.count; ++i) {
    std::byte source[kStorage];
    TRY(mm::copy_from_user(source, value.address().address() + sizeof filter + i * kStorage, kStorage));
    const SocketAddress address(source);
    if (family == kInet && address.family() != kInet) return Errno::kAddrNotAvail;
    TRY(addresses.push_back(family == kInet ? inet_endpoint(address).address : inet6_endpoint(address).address));
  }
  if (!group.is_multicast() || filter.mode > 1) return Errno::kInval;
  const std::uint32_t device = TRY(checked_device(group, filter.group.device, family));
  return set_sources({group, device}, static_cast<SourceMode>(filter.mode), std::move(addresses));
}

// ip_mc_msfget(), ip_mc_gsfget(), ip6_mc_msfget() of Linux: what the payload put there says which group is meant, and how
// many sources there is room for.
Result<void> Memberships::get_option(int level, int name, OptionOutput& value) const {
  if (level == kLevelIp && name == kIpMulticastFilter) {
    if (value.room() < sizeof(UserFilter)) return Errno::kInval;
    struct {
      UserFilter filter;
      std::uint32_t sources[kMostSources];
    } answer{};
    answer.filter = TRY(value.given<UserFilter>());
    const Address group = Address::of_v4(answer.filter.group);
    const std::uint32_t device = TRY(checked_device(group, device_of(0, answer.filter.address), kInet));
    const Membership* joined = find({group, device});
    if (!joined) return Errno::kAddrNotAvail;
    const std::size_t shown = std::min<std::size_t>(joined->sources.size(), answer.filter.count);
    answer.filter.mode = static_cast<std::uint32_t>(joined->mode);
    answer.filter.count = static_cast<std::uint32_t>(joined->sources.size());
    for (std::size_t i = 0; i < shown; ++i) answer.sources[i] = joined->sources[i].v4();
    const std::size_t size = sizeof answer.filter + shown * sizeof answer.sources[0];
    return value.put_whole(std::as_bytes(std::span(&answer, 1)).first(size), size);
  }
  if ((level != kLevelIp && level != kLevelIp6) || name != kGroupFilter) return Errno::kNoProtoOpt;
  const int family = level == kLevelIp ? kInet : kInet6;
  if (value.room() < sizeof(UserGroupFilter)) return Errno::kInval;
  auto filter = TRY(value.given<UserGroupFilter>());
  auto given = address_of(filter.group.group, family);
  if (!given || !given.value().is_multicast()) return Errno::kInval;
  if (family == kInet6) TRY(checked_device(given.value(), filter.group.device, family));
  const Membership* joined = find({given.value(), filter.group.device});
  if (!joined || filter.group.device == 0) return Errno::kAddrNotAvail;
  const std::size_t shown = std::min<std::size_t>(joined->sources.size(), filter.count);
  filter.mode = static_cast<std::uint32_t>(joined->mode);
  filter.count = static_cast<std::uint32_t>(joined->sources.size());
  Vector<std::byte> answer;
  TRY(answer.append(std::as_bytes(std::span(&filter, 1))));
  TRY(answer.resize(sizeof filter + shown * kStorage));
  for (std::size_t i = 0; i < shown; ++i) {
    const SocketAddress source = to_socket_address({joined->sources[i], 0, 0}, family);
    memcpy(answer.data() + sizeof filter + i * kStorage, source.bytes().data(), source.size());
  }
  return value.put_whole(std::as_const(answer).span(), answer.size());
}

}  // namespace kernel::net::inet
