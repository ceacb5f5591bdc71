// Netlink as payloads see it (netlink(7), rtnetlink(7), sock_diag(7)): include/uapi/linux/{netlink,rtnetlink,if_link,if_addr,
// neighbour,fib_rules,sock_diag,inet_diag,unix_diag}.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::net::netlink {

// socket(2), protocols. The others that Linux has are for what is not here: audit, firewalls, IPsec, the families of generic
// netlink, events of devices.
inline constexpr int kRouteProtocol = 0, kSocketDiagnosis = 4, kDeviceEvents = 15;
inline constexpr int kMostProtocols = 32;

// struct sockaddr_nl.
struct UserNetlinkAddress {
  std::uint16_t family = 16;
  std::uint16_t padding = 0;
  std::uint32_t port = 0;
  std::uint32_t groups = 0;
};
static_assert(sizeof(UserNetlinkAddress) == 12);

struct Header {
  std::uint32_t length = 0;  // with this
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t port = 0;
};
static_assert(sizeof(Header) == 16);

enum HeaderFlag : std::uint16_t {
  kRequest = 0x1,
  kMulti = 0x2,
  kAcknowledge = 0x4,
  kDumpFiltered = 0x20,
  kRoot = 0x100,
  kMatch = 0x200,
  kDump = kRoot | kMatch,
  kCapped = 0x100,  // of an acknowledgement: without the request's contents
};

// Types of all protocols.
enum : std::uint16_t { kTypeNoop = 1, kTypeError = 2, kTypeDone = 3, kFirstType = 16 };

// NETLINK_ROUTE. Each kind of object has four types: new, delete, get, set.
enum RouteType : std::uint16_t {
  kNewLink = 16,
  kGetLink = 18,
  kSetLink = 19,
  kNewAddress = 20,
  kGetAddress = 22,
  kNewRoute = 24,
  kGetRoute = 26,
  kNewNeighbour = 28,
  kGetNeighbour = 30,
  kNewRule = 32,
  kGetRule = 34,
  kNewDiscipline = 36,
  kGetDiscipline = 38,
  kGetClass = 42,
  kGetFilter = 46,
  kGetAction = 50,
  kGetMulticast = 58,
  kGetAnycast = 62,
  kGetNeighbourTable = 66,
  kGetAddressLabel = 74,
  kNewConfiguration = 80,
  kGetConfiguration = 82,
  kGetNamespaceId = 90,
  kNewStatistics = 92,
  kGetStatistics = 94,
  kGetChain = 102,
  kGetNextHop = 106,
  kLastRouteType = 123,  // __RTM_MAX
};

// Bodies of NETLINK_ROUTE.
struct LinkBody {
  std::uint8_t family = 0;
  std::uint8_t padding = 0;
  std::uint16_t type = 0;
  std::int32_t index = 0;
  std::uint32_t flags = 0;
  std::uint32_t change = 0;
};
struct AddressBody {
  std::uint8_t family = 0;
  std::uint8_t prefix_length = 0;
  std::uint8_t flags = 0;
  std::uint8_t scope = 0;
  std::uint32_t index = 0;
};
struct RouteBody {
  std::uint8_t family = 0;
  std::uint8_t destination_length = 0;
  std::uint8_t source_length = 0;
  std::uint8_t tos = 0;
  std::uint8_t table = 0;
  std::uint8_t protocol = 0;
  std::uint8_t scope = 0;
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
};
struct NeighbourBody {
  std::uint8_t family = 0;
  std::uint8_t padding[3] = {};
  std::int32_t index = 0;
  std::uint16_t state = 0;
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
};
struct DisciplineBody {
  std::uint8_t family = 0;
  std::uint8_t padding[3] = {};
  std::int32_t index = 0;
  std::uint32_t handle = 0;
  std::uint32_t parent = 0;
  std::uint32_t info = 0;
};
struct ConfigurationBody {
  std::uint8_t family = 0;
  std::uint8_t padding[3] = {};
};
struct StatisticsBody {
  std::uint8_t family = 0;
  std::uint8_t padding[3] = {};
  std::uint32_t index = 0;
  std::uint32_t filter = 0;
};
static_assert(sizeof(LinkBody) == 16 && sizeof(AddressBody) == 8 && sizeof(RouteBody) == 12);
static_assert(sizeof(NeighbourBody) == 12 && sizeof(DisciplineBody) == 20 && sizeof(StatisticsBody) == 12);

struct AttributeHeader {
  std::uint16_t length = 0;  // with this
  std::uint16_t type = 0;
};
inline constexpr std::uint16_t kNested = 0x8000;
inline constexpr std::uint16_t kAttributeTypeMask = 0x3fff;

constexpr std::size_t aligned(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

// getsockopt(2), SOL_NETLINK.
enum Option : int {
  kAddMembership = 1,
  kDropMembership = 2,
  kPacketInfo = 3,
  kBroadcastError = 4,
  kNoNoBufs = 5,
  kListenAllNamespaces = 8,
  kListMemberships = 9,
  kCapAcknowledgement = 10,
  kExtendedAcknowledgement = 11,
  kStrictCheck = 12,
};

// NETLINK_SOCK_DIAG.
enum : std::uint16_t { kDiagnoseTcp = 18, kDiagnoseDccp = 19, kDiagnoseByFamily = 20, kDestroySocket = 21 };

// struct inet_diag_sockid.
struct SocketId {
  std::uint16_t source_port = 0;  // in network order
  std::uint16_t destination_port = 0;
  std::uint32_t source[4] = {};
  std::uint32_t destination[4] = {};
  std::uint32_t interface = 0;
  std::uint32_t cookie[2] = {};
};
struct InetRequest {  // inet_diag_req_v2
  std::uint8_t family = 0;
  std::uint8_t protocol = 0;
  std::uint8_t extensions = 0;
  std::uint8_t padding = 0;
  std::uint32_t states = 0;
  SocketId id;
};
struct InetMessage {  // inet_diag_msg
  std::uint8_t family = 0;
  std::uint8_t state = 0;
  std::uint8_t timer = 0;
  std::uint8_t retransmissions = 0;
  SocketId id;
  std::uint32_t expires_ms = 0;
  std::uint32_t receive_queue = 0;
  std::uint32_t send_queue = 0;
  std::uint32_t uid = 0;
  std::uint32_t inode = 0;
};
static_assert(sizeof(SocketId) == 48 && sizeof(InetRequest) == 56 && sizeof(InetMessage) == 72);

struct UnixRequest {
  std::uint8_t family = 0;
  std::uint8_t protocol = 0;
  std::uint16_t padding = 0;
  std::uint32_t states = 0;
  std::uint32_t inode = 0;
  std::uint32_t show = 0;
  std::uint32_t cookie[2] = {};
};
struct UnixMessage {
  std::uint8_t family = 0;
  std::uint8_t type = 0;
  std::uint8_t state = 0;
  std::uint8_t padding = 0;
  std::uint32_t inode = 0;
  std::uint32_t cookie[2] = {};
};
static_assert(sizeof(UnixRequest) == 24 && sizeof(UnixMessage) == 16);

}  // namespace kernel::net::netlink
