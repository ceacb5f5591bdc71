// Options of levels IPPROTO_IP (ip(7)) and IPPROTO_IPV6 (ipv6(7)) that are numbers a socket keeps. Those of groups
// are in multicast.h.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "net/abi.h"
#include "net/option_value.h"

namespace kernel::net::inet {

// <linux/in.h>
enum IpOption : int {
  kIpTos = 1,
  kIpTtl = 2,
  kIpHeaderIncluded = 3,
  kIpOptions = 4,
  kIpRouterAlert = 5,
  kIpReceiveOptions = 6,
  kIpReturnOptions = 7,
  kIpPacketInfo = 8,
  kIpMtuDiscover = 10,
  kIpReceiveError = 11,
  kIpReceiveTtl = 12,
  kIpReceiveTos = 13,
  kIpMtu = 14,
  kIpFreeBind = 15,
  kIpTransparent = 19,
  kIpReceiveDestination = 20,
  kIpLeastTtl = 21,
  kIpNoDefrag = 22,
  kIpChecksum = 23,
  kIpBindAddressNoPort = 24,
  kIpReceiveFragmentSize = 25,
  kIpMulticastInterface = 32,
  kIpMulticastTtl = 33,
  kIpMulticastLoop = 34,
  kIpAddMembership = 35,
  kIpDropMembership = 36,
  kIpUnblockSource = 37,
  kIpBlockSource = 38,
  kIpAddSourceMembership = 39,
  kIpDropSourceMembership = 40,
  kIpMulticastFilter = 41,
  kIpMulticastAll = 49,
  kIpUnicastInterface = 50,
  kIpLocalPortRange = 51,
};

// <linux/in6.h>
enum Ip6Option : int {
  kIp6AddressForm = 1,
  kIp6UnicastHops = 16,
  kIp6MulticastInterface = 17,
  kIp6MulticastHops = 18,
  kIp6MulticastLoop = 19,
  kIp6JoinGroup = 20,
  kIp6LeaveGroup = 21,
  kIp6MtuDiscover = 23,
  kIp6Mtu = 24,
  kIp6ReceiveError = 25,
  kIp6Only = 26,
  kIp6MulticastAll = 29,
  kIp6FlowInfoSend = 33,
  kIp6ReceivePacketInfo = 49,
  kIp6PacketInfo = 50,
  kIp6ReceiveHopLimit = 51,
  kIp6HopLimit = 52,
  kIp6ReceiveTrafficClass = 66,
  kIp6TrafficClass = 67,
  kIp6AutoFlowLabel = 70,
  kIp6AddressPreferences = 72,
  kIp6LeastHopCount = 73,
  kIp6ReceiveDestination = 74,
  kIp6Transparent = 75,
  kIp6FreeBind = 78,
  kIp6DontFragment = 62,
};

inline constexpr std::uint8_t kDefaultTtl = 64;        // net.ipv4.ip_default_ttl, net.ipv6.conf.*.hop_limit
inline constexpr std::int32_t kLoopbackMtu = 65536;    // of the device lo
inline constexpr std::int32_t kLargestPacket = 65535;  // of IPv4

struct IpOptions {
  std::uint8_t tos = 0;
  std::int16_t ttl = -1;          // -1: the default
  std::uint8_t mtu_discover = 1;  // IP_PMTUDISC_WANT
  std::uint8_t least_ttl = 0;
  bool header_included = false;
  bool receive_error = false;
  bool receive_ttl = false;
  bool receive_tos = false;
  bool receive_options = false;
  bool return_options = false;
  bool receive_destination = false;
  bool packet_info = false;
  bool checksum = false;
  bool receive_fragment_size = false;
  bool free_bind = false;
  bool transparent = false;
  bool bind_address_no_port = false;
  bool multicast_all = true;
  bool multicast_loop = true;
  std::uint8_t multicast_ttl = 1;
  std::uint32_t multicast_device = 0;
  std::uint32_t multicast_address = 0;  // as IP_MULTICAST_IF was given it
  std::uint32_t unicast_device = 0;
  std::uint32_t port_range = 0;

  bool v6_only = false;
  std::int16_t unicast_hops = -1;
  std::int16_t multicast_hops = 1;
  std::int16_t traffic_class = 0;
  std::uint8_t mtu_discover6 = 1;
  std::uint8_t least_hop_count = 0;
  bool receive_error6 = false;
  bool receive_packet_info6 = false;
  bool receive_hop_limit = false;
  bool receive_traffic_class = false;
  bool receive_destination6 = false;
  bool multicast_loop6 = true;
  bool multicast_all6 = true;
  bool dont_fragment = false;
  bool flow_info_send = false;
  std::int8_t auto_flow_label = -1;
  std::int32_t address_preferences = 2;  // IPV6_PREFER_SRC_PUBLIC | ...
  std::uint32_t multicast_device6 = 0;
};

// kNoProtoOpt for a name that is none of these, kInval, kPerm.
Result<void> set_ip_option(IpOptions& options, int name, const OptionInput& value, int socket_type);
Result<void> get_ip_option(const IpOptions& options, int name, OptionOutput& value);
Result<void> set_ip6_option(IpOptions& options, int name, const OptionInput& value);
Result<void> get_ip6_option(const IpOptions& options, int name, OptionOutput& value);

}  // namespace kernel::net::inet
