// See Linux's net/core/dev_ioctl.c and devinet_ioctl().
#include "net/device_ioctl.h"

#include <string_view>

#include "lib/string.h"
#include "mm/user_ptr.h"
#include "net/abi.h"
#include "net/loopback_device.h"
#include "task/task.h"

namespace kernel::net {

namespace {

// <linux/sockios.h>
enum : std::uint32_t {
  kAddRoute = 0x890b,
  kDeleteRoute = 0x890c,
  kGetName = 0x8910,
  kGetConfiguration = 0x8912,
  kGetFlags = 0x8913,
  kSetFlags = 0x8914,
  kGetAddress = 0x8915,
  kSetAddress = 0x8916,
  kGetPeerAddress = 0x8917,
  kSetPeerAddress = 0x8918,
  kGetBroadcast = 0x8919,
  kSetBroadcast = 0x891a,
  kGetNetmask = 0x891b,
  kSetNetmask = 0x891c,
  kGetMetric = 0x891d,
  kSetMetric = 0x891e,
  kGetMtu = 0x8921,
  kSetMtu = 0x8922,
  kSetName = 0x8923,
  kSetHardwareAddress = 0x8924,
  kGetHardwareAddress = 0x8927,
  kGetSlave = 0x8929,
  kSetSlave = 0x8930,
  kAddMulticast = 0x8931,
  kDeleteMulticast = 0x8932,
  kGetIndex = 0x8933,
  kSetPrivateFlags = 0x8934,
  kGetPrivateFlags = 0x8935,
  kDeleteAddress = 0x8936,
  kSetHardwareBroadcast = 0x8937,
  kGetQueueLength = 0x8942,
  kSetQueueLength = 0x8943,
  kEthtool = 0x8946,
  kFirstMii = 0x8947,
  kLastMii = 0x894a,
  kDeleteArp = 0x8953,
  kGetArp = 0x8954,
  kSetArp = 0x8955,
  kGetMap = 0x8970,
  kSetMap = 0x8971,
  kFirstBond = 0x8990,
  kLastBond = 0x8995,
  kFirstBridge = 0x89a2,
  kLastTimestamp = 0x89b1,
  kFirstPrivate = 0x89f0,
  kLastPrivate = 0x89ff,
};

// struct ifreq.
struct DeviceRequest {
  static constexpr std::size_t kNameSize = 16;
  char name[kNameSize] = {};
  std::byte value[24] = {};

  std::string_view device() const {
    const std::string_view whole(name, kNameSize);
    return whole.substr(0, whole.find('\0'));
  }
  template <typename T>
  T get() const {
    static_assert(sizeof(T) <= sizeof value);
    T result;
    memcpy(&result, value, sizeof result);
    return result;
  }
  template <typename T>
  void set(const T& what) {
    static_assert(sizeof(T) <= sizeof value);
    memcpy(value, &what, sizeof what);
  }
};
static_assert(sizeof(DeviceRequest) == 40);

// struct ifconf.
struct ConfigurationRequest {
  std::int32_t size;
  std::uint32_t padding;
  std::uint64_t requests;
};

struct HardwareAddress {
  std::uint16_t type = kLoopbackHardwareType;
  std::uint8_t address[14] = {};
};

bool is_administrator() {
  return task::current().credentials.can(task::Capability::kNetAdmin);
}

constexpr UserInetAddress inet_address(std::uint32_t address) {
  UserInetAddress result;
  result.address = address;
  return result;
}

Result<std::uint64_t> list_devices(std::uint64_t argument) {
  auto configuration = TRY(mm::UserPtr<const ConfigurationRequest>(argument).read());
  DeviceRequest loopback;
  memcpy(loopback.name, kLoopbackDeviceName, sizeof kLoopbackDeviceName);
  loopback.set(inet_address(kLoopbackAddress));
  const bool fits = configuration.size >= static_cast<std::int32_t>(sizeof loopback);
  if (configuration.requests != 0 && fits) {
    TRY(mm::UserPtr<DeviceRequest>(configuration.requests).write(loopback));
  }
  configuration.size = configuration.requests == 0 || fits ? sizeof loopback : 0;
  TRY(mm::UserPtr<ConfigurationRequest>(argument).write(configuration));
  return std::uint64_t{0};
}

// AF_INET's.
Result<void> address_request(std::uint32_t request, DeviceRequest& what) {
  const bool known = what.device() == kLoopbackDeviceName;
  switch (request) {
    case kGetAddress:
    case kGetPeerAddress:
      if (!known) return Errno::kNoDev;
      what.set(inet_address(kLoopbackAddress));
      return {};
    case kGetBroadcast:
      if (!known) return Errno::kNoDev;
      what.set(inet_address(0));
      return {};
    case kGetNetmask:
      if (!known) return Errno::kNoDev;
      what.set(inet_address(kLoopbackMask));
      return {};
    case kGetPrivateFlags:
    case kSetPrivateFlags:
      return Errno::kInval;
    case kSetAddress:
    case kSetPeerAddress:
    case kSetBroadcast:
    case kSetNetmask:
      if (!is_administrator()) return Errno::kPerm;
      if (what.get<UserInetAddress>().family != kInet) return Errno::kInval;
      return known ? Errno::kOpNotSupp : Errno::kNoDev;
    case kAddRoute:
    case kDeleteRoute:
      return is_administrator() ? Errno::kOpNotSupp : Errno::kPerm;
    case kGetArp:
    case kSetArp:
    case kDeleteArp:
      if (request != kGetArp && !is_administrator()) return Errno::kPerm;
      return Errno::kNxio;  // lo has no neighbours
    default:
      return Errno::kNoTty;
  }
}

Result<void> read_device(std::uint32_t request, DeviceRequest& what) {
  switch (request) {
    case kGetFlags:
      what.set(static_cast<std::uint16_t>(kLoopbackFlags));
      return {};
    case kGetMetric:
      what.set(std::int32_t{0});
      return {};
    case kGetMtu:
      what.set(kLoopbackDeviceMtu);
      return {};
    case kGetHardwareAddress:
      what.set(HardwareAddress{});
      return {};
    case kGetIndex:
      what.set(kLoopbackIndex);
      return {};
    case kGetQueueLength:
      what.set(kLoopbackQueueLength);
      return {};
    case kGetMap:
      memset(what.value, 0, sizeof what.value);
      return {};
    case kGetSlave:
    case kSetSlave:
    case kAddMulticast:
    case kDeleteMulticast:
    case kSetHardwareAddress:
    case kSetHardwareBroadcast:
    case kSetName:
      return Errno::kInval;
    case kSetFlags:  // "up" is what it is
      return ((what.get<std::uint16_t>() ^ kLoopbackFlags) & kDeviceUp) ? Errno::kOpNotSupp : Result<void>();
    default:
      return Errno::kOpNotSupp;
  }
}

bool is_change(std::uint32_t request) {
  switch (request) {
    case kSetFlags:
    case kSetMetric:
    case kSetMtu:
    case kSetName:
    case kSetHardwareAddress:
    case kSetSlave:
    case kAddMulticast:
    case kDeleteMulticast:
    case kSetHardwareBroadcast:
    case kSetQueueLength:
    case kSetMap:
      return true;
    default:
      return false;
  }
}

bool is_about_device(std::uint32_t request) {
  switch (request) {
    case kGetFlags:
    case kGetMetric:
    case kGetMtu:
    case kGetHardwareAddress:
    case kGetSlave:
    case kGetIndex:
    case kGetQueueLength:
    case kGetMap:
    case kEthtool:
      return true;
    default:
      return is_change(request) || (request >= kFirstMii && request <= kLastMii) ||
             (request >= kFirstBond && request <= kLastBond) ||
             (request >= kFirstBridge && request <= kLastTimestamp) ||
             (request >= kFirstPrivate && request <= kLastPrivate);
  }
}

Result<void> answer(int family, std::uint32_t request, DeviceRequest& what) {
  if (request == kGetName) {
    if (what.get<std::int32_t>() != kLoopbackIndex) return Errno::kNoDev;
    memset(what.name, 0, sizeof what.name);
    memcpy(what.name, kLoopbackDeviceName, sizeof kLoopbackDeviceName);
    return {};
  }
  if (is_about_device(request)) {
    if (is_change(request) && !is_administrator()) return Errno::kPerm;
    if (request == kEthtool) TRY(mm::UserPtr<const std::uint32_t>(what.get<std::uint64_t>()).read());
    if (what.device() != kLoopbackDeviceName) return Errno::kNoDev;
    return read_device(request, what);
  }
  if (family == kInet) return address_request(request, what);
  const bool changes6 = request == kSetAddress || request == kSetPeerAddress || request == kDeleteAddress ||
                        request == kAddRoute || request == kDeleteRoute;
  if (family == kInet6 && changes6) return is_administrator() ? Errno::kOpNotSupp : Errno::kPerm;
  return Errno::kNoTty;
}

}  // namespace

Result<std::uint64_t> device_ioctl(int family, std::uint32_t request, std::uint64_t argument) {
  constexpr std::uint32_t kFirst = kAddRoute, kLast = kLastPrivate;
  if (request < kFirst || request > kLast) return Errno::kNoTty;
  if (request == kGetConfiguration) return list_devices(argument);
  auto what = TRY(mm::UserPtr<const DeviceRequest>(argument).read());
  TRY(answer(family, request, what));
  if (!is_change(request)) TRY(mm::UserPtr<DeviceRequest>(argument).write(what));
  return std::uint64_t{0};
}

}  // namespace kernel::net
