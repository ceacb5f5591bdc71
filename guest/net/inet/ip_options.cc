#include "net/inet/ip_options.h"

#include "task/task.h"

namespace kernel::net::inet {

namespace {

// Who may use addresses that are not his (ip(7), IP_TRANSPARENT).
bool may_be_transparent() {
  const task::Credentials& credentials = task::current().credentials;
  return credentials.can(task::Capability::kNetRaw) || credentials.can(task::Capability::kNetAdmin);
}

// ip(7): an option may be a byte as well as an int.
Result<std::int32_t> number_of(const OptionInput& value) {
  if (value.size() >= sizeof(std::int32_t)) return value.integer();
  if (value.size() == 0) return 0;
  return static_cast<std::int32_t>(TRY(value.value<std::uint8_t>()));
}

Result<void> put_number(OptionOutput& value, std::int32_t number) {
  if (value.room() < sizeof number && value.room() > 0 && number >= 0 && number <= 255)
    return value.put_value(static_cast<std::uint8_t>(number));
  return value.put_integer(number);
}

// Options that are on or off.
bool IpOptions::*flag_of(int name) {
  switch (name) {
    case kIpReceiveError:
      return &IpOptions::receive_error;
    case kIpReceiveTtl:
      return &IpOptions::receive_ttl;
    case kIpReceiveTos:
      return &IpOptions::receive_tos;
    case kIpReceiveOptions:
      return &IpOptions::receive_options;
    case kIpReturnOptions:
      return &IpOptions::return_options;
    case kIpReceiveDestination:
      return &IpOptions::receive_destination;
    case kIpPacketInfo:
      return &IpOptions::packet_info;
    case kIpChecksum:
      return &IpOptions::checksum;
    case kIpReceiveFragmentSize:
      return &IpOptions::receive_fragment_size;
    case kIpFreeBind:
      return &IpOptions::free_bind;
    case kIpBindAddressNoPort:
      return &IpOptions::bind_address_no_port;
    default:
      return nullptr;
  }
}

bool IpOptions::*flag6_of(int name) {
  switch (name) {
    case kIp6Only:
      return &IpOptions::v6_only;
    case kIp6ReceiveError:
      return &IpOptions::receive_error6;
    case kIp6ReceivePacketInfo:
      return &IpOptions::receive_packet_info6;
    case kIp6ReceiveHopLimit:
      return &IpOptions::receive_hop_limit;
    case kIp6ReceiveTrafficClass:
      return &IpOptions::receive_traffic_class;
    case kIp6ReceiveDestination:
      return &IpOptions::receive_destination6;
    case kIp6DontFragment:
      return &IpOptions::dont_fragment;
    case kIp6FreeBind:
      return &IpOptions::free_bind;
    case kIp6FlowInfoSend:
      return &IpOptions::flow_info_send;
    default:
      return nullptr;
  }
}

}  // namespace

Result<void> set_ip_option(IpOptions& options, int name, const OptionInput& value, int socket_type) {
  if (bool IpOptions::*flag = flag_of(name)) {
    if (name == kIpFreeBind && value.size() == 0) return Errno::kInval;
    options.*flag = TRY(number_of(value)) != 0;
    return {};
  }
  switch (name) {
    case kIpTos: {
      auto tos = static_cast<std::uint8_t>(TRY(number_of(value)));
      // The bits of congestion notification are TCP's own.
      if (socket_type == kStream) tos = static_cast<std::uint8_t>((tos & ~3) | (options.tos & 3));
      options.tos = tos;
      return {};
    }
    case kIpTtl: {
      if (value.size() == 0) return Errno::kInval;
      const std::int32_t ttl = TRY(number_of(value));
      if (ttl != -1 && (ttl < 1 || ttl > 255)) return Errno::kInval;
      options.ttl = static_cast<std::int16_t>(ttl);
      return {};
    }
    case kIpHeaderIncluded:
      if (socket_type != kRaw) return Errno::kNoProtoOpt;
      options.header_included = TRY(number_of(value)) != 0;
      return {};
    case kIpMtuDiscover: {
      const std::int32_t mode = TRY(number_of(value));
      if (mode < 0 || mode > 5) return Errno::kInval;
      options.mtu_discover = static_cast<std::uint8_t>(mode);
      return {};
    }
    case kIpLeastTtl: {
      if (value.size() == 0) return Errno::kInval;
      const std::int32_t ttl = TRY(number_of(value));
      if (ttl < 0 || ttl > 255) return Errno::kInval;
      options.least_ttl = static_cast<std::uint8_t>(ttl);
      return {};
    }
    case kIpTransparent: {
      const bool on = TRY(number_of(value)) != 0;
      if (on && !may_be_transparent()) return Errno::kPerm;
      if (value.size() == 0) return Errno::kInval;
      options.transparent = on;
      return {};
    }
    case kIpMulticastTtl: {
      if (socket_type == kStream || value.size() == 0) return Errno::kInval;
      std::int32_t ttl = TRY(number_of(value));
      if (ttl == -1) ttl = 1;
      if (ttl < 0 || ttl > 255) return Errno::kInval;
      options.multicast_ttl = static_cast<std::uint8_t>(ttl);
      return {};
    }
    case kIpMulticastLoop:
      if (value.size() == 0) return Errno::kInval;
      options.multicast_loop = TRY(number_of(value)) != 0;
      return {};
    case kIpMulticastAll: {
      if (value.size() == 0) return Errno::kInval;
      const std::int32_t on = TRY(number_of(value));
      if (on != 0 && on != 1) return Errno::kInval;
      options.multicast_all = on != 0;
      return {};
    }
    case kIpUnicastInterface: {
      const auto device = TRY(value.value<std::uint32_t>());
      if (device != 0 && device != __builtin_bswap32(1)) return Errno::kAddrNotAvail;
      options.unicast_device = device;
      return {};
    }
    case kIpLocalPortRange: {
      const auto range = TRY(value.value<std::uint32_t>());
      const std::uint32_t low = range & 0xffff, high = range >> 16;
      if (low != 0 && high != 0 && low > high) return Errno::kInval;
      options.port_range = range;
      return {};
    }
    case kIpOptions:  // no packet has any here
      if (value.size() > 40) return Errno::kInval;
      return value.size() == 0 ? Result<void>() : Result<void>(Errno::kInval);
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> get_ip_option(const IpOptions& options, int name, OptionOutput& value) {
  if (bool IpOptions::*flag = flag_of(name)) return put_number(value, options.*flag);
  switch (name) {
    case kIpTos:
      return put_number(value, options.tos);
    case kIpTtl:
      return put_number(value, options.ttl < 0 ? kDefaultTtl : options.ttl);
    case kIpHeaderIncluded:
      return put_number(value, options.header_included);
    case kIpMtuDiscover:
      return put_number(value, options.mtu_discover);
    case kIpLeastTtl:
      return put_number(value, options.least_ttl);
    case kIpTransparent:
      return put_number(value, options.transparent);
    case kIpMulticastTtl:
      return put_number(value, options.multicast_ttl);
    case kIpMulticastLoop:
      return put_number(value, options.multicast_loop);
    case kIpMulticastAll:
      return put_number(value, options.multicast_all);
    case kIpMulticastInterface:
      return value.put_value(options.multicast_address);
    case kIpUnicastInterface:
      return value.put_value(options.unicast_device);
    case kIpLocalPortRange:
      return value.put_value(options.port_range);
    case kIpOptions:
      return value.put({});
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> set_ip6_option(IpOptions& options, int name, const OptionInput& value) {
  if (bool IpOptions::*flag = flag6_of(name)) {
    if (name == kIp6DontFragment) {
      options.*flag = TRY(number_of(value)) != 0;
      return {};
    }
    options.*flag = TRY(value.integer()) != 0;
    return {};
  }
  switch (name) {
    case kIp6UnicastHops:
    case kIp6MulticastHops: {
      const std::int32_t hops = TRY(value.integer());
      if (hops < -1 || hops > 255) return Errno::kInval;
      if (name == kIp6UnicastHops) {
        options.unicast_hops = static_cast<std::int16_t>(hops);
      } else {
        options.multicast_hops = static_cast<std::int16_t>(hops == -1 ? 1 : hops);
      }
      return {};
    }
    case kIp6MulticastLoop:
    case kIp6MulticastAll: {
      const std::int32_t on = TRY(value.integer());
      if (on != 0 && on != 1) return Errno::kInval;
      (name == kIp6MulticastLoop ? options.multicast_loop6 : options.multicast_all6) = on != 0;
      return {};
    }
    case kIp6MulticastInterface: {
      const std::int32_t device = TRY(value.integer());
      if (device < 0 || device > 1) return Errno::kNoDev;
      options.multicast_device6 = static_cast<std::uint32_t>(device);
      return {};
    }
    case kIp6MtuDiscover: {
      const std::int32_t mode = TRY(value.integer());
      if (mode < 0 || mode > 5) return Errno::kInval;
      options.mtu_discover6 = static_cast<std::uint8_t>(mode);
      return {};
    }
    case kIp6TrafficClass: {
      const std::int32_t traffic_class = TRY(value.integer());
      if (traffic_class < -1 || traffic_class > 255) return Errno::kInval;
      options.traffic_class = static_cast<std::int16_t>(traffic_class == -1 ? 0 : traffic_class);
      return {};
    }
    case kIp6AutoFlowLabel:
      options.auto_flow_label = TRY(value.integer()) != 0;
      return {};
    case kIp6AddressPreferences:
      options.address_preferences = TRY(value.integer());
      return {};
    case kIp6LeastHopCount: {
      const std::int32_t count = TRY(value.integer());
      if (count < 0 || count > 255) return Errno::kInval;
      options.least_hop_count = static_cast<std::uint8_t>(count);
      return {};
    }
    case kIp6Mtu: {  // nothing is ever fragmented here
      constexpr std::int32_t kLeastMtu = 1280;
      const std::int32_t mtu = TRY(value.integer());
      return mtu != 0 && mtu < kLeastMtu ? Result<void>(Errno::kInval) : Result<void>();
    }
    case kIp6Transparent: {
      const bool on = TRY(value.integer()) != 0;
      if (on && !may_be_transparent()) return Errno::kPerm;
      options.transparent = on;
      return {};
    }
    default:
      return Errno::kNoProtoOpt;
  }
}

Result<void> get_ip6_option(const IpOptions& options, int name, OptionOutput& value) {
  if (bool IpOptions::*flag = flag6_of(name)) return value.put_integer(options.*flag);
  switch (name) {
    case kIp6UnicastHops:
      return value.put_integer(options.unicast_hops < 0 ? kDefaultTtl : options.unicast_hops);
    case kIp6MulticastHops:
      return value.put_integer(options.multicast_hops);
    case kIp6MulticastLoop:
      return value.put_integer(options.multicast_loop6);
    case kIp6MulticastAll:
      return value.put_integer(options.multicast_all6);
    case kIp6MulticastInterface:
      return value.put_integer(static_cast<std::int32_t>(options.multicast_device6));
    case kIp6MtuDiscover:
      return value.put_integer(options.mtu_discover6);
    case kIp6TrafficClass:
      return value.put_integer(options.traffic_class);
    case kIp6AutoFlowLabel:
      return value.put_integer(options.auto_flow_label != 0);
    case kIp6AddressPreferences:
      return value.put_integer(options.address_preferences);
    case kIp6LeastHopCount:
      return value.put_integer(options.least_hop_count);
    case kIp6Transparent:
      return value.put_integer(options.transparent);
    default:
      return Errno::kNoProtoOpt;
  }
}

}  // namespace kernel::net::inet
