// Addresses of network devices: lo's two. See Linux's inet_fill_ifaddr() and inet6_fill_ifaddr().
#include "net/loopback_device.h"
#include "net/netlink/objects.h"

namespace kernel::net::netlink {

namespace {

// <linux/if_addr.h>
enum AddressAttribute : std::uint16_t {
  kAddress = 1,
  kLocal = 2,
  kLabel = 3,
  kCacheInfo = 6,
  kAddressFlags = 8,
  kTargetNamespace = 10,
  kOrigin = 11,
};
constexpr std::uint32_t kPermanent = 0x80;
constexpr std::uint8_t kHostScope = 254;
constexpr std::uint8_t kOriginLoopback = 1;  // IFAPROT_KERNEL_LO

struct CacheInfo {
  std::uint32_t preferred = ~0u, valid = ~0u;  // for ever
  std::uint32_t created = 0, changed = 0;      // hundredths of a second after the start
};

AddressBody body_of(std::uint8_t family, std::uint8_t prefix_length) {
  return {family, prefix_length, kPermanent, kHostScope, static_cast<std::uint32_t>(kLoopbackIndex)};
}

void put_address4(Answer& answer) {
  answer.put_body(body_of(kInet, 8));
  answer.put_u32(kAddress, kLoopbackAddress);
  answer.put_u32(kLocal, kLoopbackAddress);
  answer.put_string(kLabel, kLoopbackDeviceName);
  answer.put_u32(kAddressFlags, kPermanent);
  answer.put_value(kCacheInfo, CacheInfo{});
}

void put_address6(Answer& answer) {
  answer.put_body(body_of(kInet6, 128));
  answer.put_value(kAddress, kLoopbackAddress6);
  answer.put_value(kCacheInfo, CacheInfo{});
  answer.put_u32(kAddressFlags, kPermanent);
  answer.put_u8(kOrigin, kOriginLoopback);
}

}  // namespace

bool fill_addresses(Dump& dump, Answer& answer) {
  const Request request = dump.request();
  if (dump.strict) {
    const auto body = request.body<AddressBody>();
    if (body.prefix_length || body.flags || body.scope || !is_strict(request, sizeof body, {kTargetNamespace})) {
      dump.result = -static_cast<std::int32_t>(Errno::kInval);
      return true;
    }
    if (body.index != 0) {
      dump.flags |= kDumpFiltered;
      if (body.index != static_cast<std::uint32_t>(kLoopbackIndex)) {
        dump.result = -static_cast<std::int32_t>(Errno::kNoDev);
        return true;
      }
    }
  }
  // A family that has no addresses is as good as none.
  dump.done_apart = request.family() != kInet6;
  if (request.family() != kInet6) {
    dump.begin(answer, kNewAddress);
    put_address4(answer);
    answer.end();
  }
  if (request.family() != kInet) {
    dump.begin(answer, kNewAddress);
    put_address6(answer);
    answer.end();
  }
  return true;
}

// Only IPv6 addresses can be asked for one by one.
Result<Handled> get_address(NetlinkSocket& socket, const Request& request) {
  if (request.family() != kInet6) return Errno::kOpNotSupp;
  const auto body = request.body<AddressBody>();
  if (!request.has(sizeof body)) return Errno::kInval;
  if (socket.strict() && (body.prefix_length || body.flags || body.scope ||
                          !is_strict(request, sizeof body, {kAddress, kLocal, kTargetNamespace}))) {
    return Errno::kInval;
  }
  auto address = request.find(sizeof body, kLocal);
  if (!address) address = request.find(sizeof body, kAddress);
  if (!address || address->data.size() < sizeof kLoopbackAddress6) return Errno::kInval;
  const bool other_device = body.index != 0 && body.index != static_cast<std::uint32_t>(kLoopbackIndex);
  if (other_device || memcmp(address->data.data(), kLoopbackAddress6, sizeof kLoopbackAddress6) != 0) {
    return Errno::kAddrNotAvail;
  }
  Ref<Answer> answer = TRY(socket.begin_answer(request, kNewAddress));
  put_address6(*answer);
  answer->end();
  TRY(socket.deliver(std::move(answer)));
  return Handled::kDone;
}

}  // namespace kernel::net::netlink
