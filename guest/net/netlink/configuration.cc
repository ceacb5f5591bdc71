// RTM_GETNETCONF: what is set under /proc/sys/net/*/conf of each device, of all, and of those to come. See Linux's
// inet_netconf_fill_devconf() and inet6_netconf_fill_devconf().
#include "net/loopback_device.h"
#include "net/netlink/objects.h"

namespace kernel::net::netlink {

namespace {

// <linux/netconf.h>
enum ConfigurationAttribute : std::uint16_t {
  kDevice = 1,
  kForwarding = 2,
  kReversePathFilter = 3,
  kMulticastForwarding = 4,
  kProxyNeighbour = 5,
  kIgnoreLinkDown = 6,
  kBroadcastForwarding = 8,
};
constexpr std::int32_t kAllDevices = -1, kFutureDevices = -2;  // NETCONFA_IFINDEX_ALL, _DEFAULT
constexpr std::int32_t kDevices[] = {kLoopbackIndex, kAllDevices, kFutureDevices};

// Linux's struct netconfmsg.
struct Body {
  std::uint8_t family = 0;
  std::uint8_t padding[3] = {};
};

// Everything is off: there is nowhere to forward to.
void put_configuration(Answer& answer, std::uint8_t family, std::int32_t device) {
  answer.put_body(Body{.family = family});
  answer.put_value(kDevice, device);
  answer.put_u32(kForwarding, 0);
  if (family == kInet) answer.put_u32(kReversePathFilter, 0);
  answer.put_u32(kMulticastForwarding, 0);
  if (family == kInet) answer.put_u32(kBroadcastForwarding, 0);
  answer.put_u32(kProxyNeighbour, 0);
  answer.put_u32(kIgnoreLinkDown, 0);
  answer.end();
}

}  // namespace

bool fill_configuration(Dump& dump, Answer& answer) {
  const Request request = dump.request();
  const int family = request.family();
  if (dump.strict && (!request.has(sizeof(Body)) || request.has_attributes(sizeof(Body)))) {
    dump.result = -static_cast<std::int32_t>(Errno::kInval);
    return true;
  }
  // Of a family that has none, those of all that have (rtnl_dump_all() of Linux).
  dump.done_apart = family != kInet && family != kInet6;
  for (const int shown : {kInet, kInet6}) {
    if ((family == kInet || family == kInet6) && family != shown) continue;
    for (const std::int32_t device : kDevices) {
      dump.begin(answer, kNewConfiguration);
      put_configuration(answer, static_cast<std::uint8_t>(shown), device);
    }
  }
  return true;
}

Result<Handled> get_configuration(NetlinkSocket& socket, const Request& request) {
  const int family = request.family();
  if (family != kInet && family != kInet6) return Errno::kOpNotSupp;
  const auto device = request.has(sizeof(Body)) ? request.find(sizeof(Body), kDevice) : std::nullopt;
  if (!device) return Errno::kInval;
  const auto index = device->as<std::int32_t>();
  if (index != kLoopbackIndex && index != kAllDevices && index != kFutureDevices)
    return family == kInet ? Errno::kNoDev : Errno::kInval;
  Ref<Answer> answer = TRY(socket.begin_answer(request, kNewConfiguration));
  put_configuration(*answer, static_cast<std::uint8_t>(family), index);
  TRY(socket.deliver(std::move(answer)));
  return Handled::kDone;
}

}  // namespace kernel::net::netlink
