// Links: the network devices there are, that is lo. The attributes are those of Linux 6.18's rtnl_fill_ifinfo(), in its order.
#include <algorithm>

#include "net/inet/counters.h"
#include "net/loopback_device.h"
#include "net/netlink/objects.h"

namespace kernel::net::netlink {

namespace {

// <linux/if_link.h>
enum LinkAttribute : std::uint16_t {
  kHardwareAddress = 1,
  kBroadcastAddress = 2,
  kName = 3,
  kMtu = 4,
  kQueueDiscipline = 6,
  kStatistics32 = 7,
  kMaster = 10,
  kProtocolInfo = 12,
  kQueueLength = 13,
  kMap = 14,
  kOperationalState = 16,
  kLinkMode = 17,
  kLinkInfo = 18,
  kStatistics64 = 23,
  kFamilySpecifics = 26,
  kGroup = 27,
  kExtensionMask = 29,
  kPromiscuity = 30,
  kSendQueues = 31,
  kReceiveQueues = 32,
  kCarrier = 33,
  kCarrierChanges = 35,
  kProtocolDown = 39,
  kMostSegments = 40,
  kMostSegmentation = 41,
  kExpressDataPath = 43,
  kLinkNamespace = 46,
  kCarrierUps = 47,
  kCarrierDowns = 48,
  kLeastMtu = 50,
  kMostMtu = 51,
  kAlternativeName = 53,
  kMostReceiveSegmentation = 58,
  kMostTcpSegmentation = 59,
  kMostTcpSegments = 60,
  kAllMulticast = 61,
  kDeviceLinks = 62,
  kMostSegmentation4 = 63,
  kMostReceiveSegmentation4 = 64,
  kPorts = 65,
  kMostPacing = 66,
  kNoQueueing = 67,
  kHeadRoom = 68,
  kTailRoom = 69,
};
constexpr std::uint32_t kSkipStatistics = 1 << 3;  // RTEXT_FILTER_SKIP_STATS

constexpr std::uint16_t kConfiguration4 = 1;  // IFLA_INET_CONF
enum Family6Attribute : std::uint16_t {
  kFlags6 = 1,
  kConfiguration6 = 2,
  kStatistics6 = 3,
  kCacheInfo6 = 5,
  kIcmpStatistics6 = 6,
  kToken6 = 7,
  kGenerationMode6 = 8,
};

// net.ipv4.conf.lo.*, in the order of IPV4_DEVCONF_*; those of Linux, without forwarding.
constexpr std::int32_t kSysctls4[33] = {0, 0, 0, 1, 1, 0, 0, 1, 1, 1,     0,    0, 0, 0, 0, 0, 1,
                                        1, 0, 0, 0, 0, 0, 0, 0, 0, 10000, 1000, 0, 0, 0, 0, 1};
// net.ipv6.conf.lo.*, in the order of DEVCONF_* of <linux/ipv6.h>.
constexpr std::size_t kSysctls6 = 60;
constexpr std::int32_t kFirstSysctls6[] = {0,      64,    65536, 1,   1,  1, 1, -1, 4000, 1000, -1,
                                           604800, 86400, 3,     600, 16, 0, 1, 1,  1,    60000};
constexpr std::uint64_t kIpCounters6 = 38, kIcmpCounters6 = 7;

struct CacheInfo6 {
  std::uint32_t most_reassembled = 65535, changed = 0, reachable_ms = 30000, retransmit_ms = 1000;
};

void put_family4(Answer& answer) {
  const std::size_t family = answer.begin_nest(kInet);
  answer.put_value(kConfiguration4, kSysctls4);
  answer.end_nest(family);
}

void put_family6(Answer& answer, bool with_statistics) {
  answer.put_u32(kFlags6, 0x8000'0000);  // IF_READY
  answer.put_value(kCacheInfo6, CacheInfo6{});
  std::int32_t values[kSysctls6] = {};
  std::copy_n(kFirstSysctls6, std::size(kFirstSysctls6), values);
  answer.put_value(kConfiguration6, values);
  if (with_statistics) {
    const std::uint64_t ip[kIpCounters6] = {kIpCounters6};
    answer.put_value(kStatistics6, ip);
    const std::uint64_t icmp[kIcmpCounters6] = {kIcmpCounters6};
    answer.put_value(kIcmpStatistics6, icmp);
  }
  answer.put_zeros(kToken6, 16);
  answer.put_u8(kGenerationMode6, 0);
}

// struct rtnl_link_stats64, and the same of 32 bits.
struct Statistics64 {
  std::uint64_t received_packets, sent_packets, received_bytes, sent_bytes, others[21];
};
struct Statistics32 {
  std::uint32_t received_packets, sent_packets, received_bytes, sent_bytes, others[20];
};
static_assert(sizeof(Statistics64) == 200 && sizeof(Statistics32) == 96);

void put_statistics(Answer& answer) {
  const inet::LoopbackCounters count = inet::loopback_counters();
  answer.put_value(kStatistics64, Statistics64{count.packets, count.packets, count.bytes, count.bytes, {}});
  const auto packets = static_cast<std::uint32_t>(count.packets), bytes = static_cast<std::uint32_t>(count.bytes);
  answer.put_value(kStatistics32, Statistics32{packets, packets, bytes, bytes, {}});
}

LinkBody loopback_body(std::uint8_t family) {
  return {.family = family,
          .type = kLoopbackHardwareType,
          .index = kLoopbackIndex,
          .flags = kLoopbackLinkFlags,
          .change = 0};
}

void put_link(Answer& answer, std::uint32_t extension_mask) {
  answer.put_body(loopback_body(0));
  answer.put_string(kName, kLoopbackDeviceName);
  answer.put_u32(kQueueLength, kLoopbackQueueLength);
  answer.put_u8(kOperationalState, 0);  // unknown
  answer.put_u8(kLinkMode, 0);
  answer.put_u8(kNoQueueing, 1);
  answer.put_u32(kMtu, kLoopbackDeviceMtu);
  answer.put_u32(kLeastMtu, 0);
  answer.put_u32(kMostMtu, 0);
  answer.put_u32(kGroup, 0);
  answer.put_u32(kPromiscuity, 0);
  answer.put_u32(kAllMulticast, 0);
  answer.put_u32(kSendQueues, 1);
  answer.put_u32(kMostSegments, 65535);
  answer.put_u32(kMostSegmentation, 65536);
  answer.put_u32(kMostReceiveSegmentation, 65536);
  answer.put_u32(kMostSegmentation4, 65536);
  answer.put_u32(kMostReceiveSegmentation4, 65536);
  answer.put_u32(kMostTcpSegmentation, 524280);
  answer.put_u32(kMostTcpSegments, 65535);
  answer.put_u32(kMostPacing, 0);
  answer.put_u32(kReceiveQueues, 1);
  answer.put_u8(kCarrier, 1);
  answer.put_u32(kCarrierChanges, 0);
  answer.put_u32(kCarrierUps, 0);
  answer.put_u32(kCarrierDowns, 0);
  answer.put_u16(kHeadRoom, 0);
  answer.put_u16(kTailRoom, 0);
  answer.put_u8(kProtocolDown, 0);
  answer.put_zeros(kHardwareAddress, kHardwareAddressSize);
  answer.put_zeros(kBroadcastAddress, kHardwareAddressSize);
  put_statistics(answer);
  const std::size_t data_path = answer.begin_nest(kExpressDataPath);
  answer.put_u8(2, 0);  // IFLA_XDP_ATTACHED: none
  answer.end_nest(data_path);
  answer.put_string(kQueueDiscipline, "noqueue");
  const std::size_t specifics = answer.begin_nest(kFamilySpecifics);
  put_family4(answer);
  const std::size_t family6 = answer.begin_nest(kInet6);
  put_family6(answer, !(extension_mask & kSkipStatistics));
  answer.end_nest(family6);
  answer.end_nest(specifics);
  answer.put_zeros(kMap, 32);
  answer.put(kDeviceLinks | kNested, {});
  answer.put(kPorts | kNested, {});
}

// What inet6_dump_ifinfo() says.
void put_link6(Answer& answer) {
  answer.put_body(loopback_body(kInet6));
  answer.put_string(kName, kLoopbackDeviceName);
  answer.put_zeros(kHardwareAddress, kHardwareAddressSize);
  answer.put_u32(kMtu, kLoopbackDeviceMtu);
  answer.put_u8(kOperationalState, 0);
  const std::size_t info = answer.begin_nest(kProtocolInfo);
  put_family6(answer, true);
  answer.end_nest(info);
}

std::uint32_t extension_mask(const Request& request) {
  const auto mask = request.find(sizeof(LinkBody), kExtensionMask);
  return mask ? mask->as<std::uint32_t>() : 0;
}

}  // namespace

bool fill_links(Dump& dump, Answer& answer) {
  const Request request = dump.request();
  const bool only6 = request.family() == kInet6;
  const auto body = request.body<LinkBody>();
  if (dump.strict) {
    const bool plain = !body.padding && !body.type && !body.flags && !body.change && !body.index;
    const bool known = only6 ? is_strict(request, sizeof body, {})
                             : is_strict(request, sizeof body, {kLinkNamespace, kExtensionMask, kMaster, kLinkInfo});
    if (!plain || !known) {
      dump.result = -static_cast<std::int32_t>(Errno::kInval);
      return true;
    }
  }
  if (only6) {
    dump.begin(answer, kNewLink);
    put_link6(answer);
    answer.end();
    return true;
  }
  dump.done_apart = true;
  // lo has no master, and is of no kind that has a name.
  const auto master = request.find(sizeof body, kMaster);
  if ((master && master->as<std::uint32_t>() != 0) || request.find(sizeof body, kLinkInfo)) return true;
  dump.begin(answer, kNewLink);
  put_link(answer, extension_mask(request));
  answer.end();
  return true;
}

Result<Handled> get_link(NetlinkSocket& socket, const Request& request) {
  const auto body = request.body<LinkBody>();
  if (!request.has(sizeof body)) return Errno::kInval;
  if (socket.strict() &&
      (body.padding || body.type || body.flags || body.change ||
       !is_strict(request, sizeof body, {kName, kExtensionMask, kLinkNamespace, kAlternativeName}))) {
    return Errno::kInval;
  }
  if (body.index > 0) {
    if (body.index != kLoopbackIndex) return Errno::kNoDev;
  } else {
    auto name = request.find(sizeof body, kName);
    if (!name) name = request.find(sizeof body, kAlternativeName);
    if (!name) return Errno::kInval;
    const std::string_view given(reinterpret_cast<const char*>(name->data.data()), name->data.size());
    if (given.substr(0, given.find('\0')) != kLoopbackDeviceName) return Errno::kNoDev;
  }
  Ref<Answer> answer = TRY(socket.begin_answer(request, kNewLink));
  put_link(*answer, extension_mask(request));
  answer->end();
  TRY(socket.deliver(std::move(answer)));
  return Handled::kDone;
}

Result<Handled> change_link(NetlinkSocket&, const Request& request) {
  const auto body = request.body<LinkBody>();
  if (!request.has(sizeof body)) return Errno::kInval;
  if (body.index > 0 && body.index != kLoopbackIndex) return Errno::kNoDev;
  const std::uint32_t change = body.change ? body.change : body.flags ^ kLoopbackLinkFlags;
  const bool same = body.flags == 0 && body.change == 0 ? true : !((body.flags ^ kLoopbackLinkFlags) & change);
  if (body.index != kLoopbackIndex || request.has_attributes(sizeof body) || !same) return Errno::kOpNotSupp;
  return Handled::kDone;
}

}  // namespace kernel::net::netlink
