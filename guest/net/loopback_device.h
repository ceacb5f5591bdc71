// The one network device there is, as netlink, ioctl(2), /proc/net and /sys say it: lo, which is up from the start and cannot be changed.
#pragma once

#include <cstdint>

namespace kernel::net {

inline constexpr std::int32_t kLoopbackIndex = 1;
inline constexpr char kLoopbackDeviceName[] = "lo";
inline constexpr std::uint32_t kLoopbackDeviceMtu = 65536;
inline constexpr std::uint32_t kLoopbackQueueLength = 1000;
inline constexpr std::uint16_t kLoopbackHardwareType = 772;  // ARPHRD_LOOPBACK
inline constexpr int kHardwareAddressSize = 6;               // all zero

// <linux/if.h>
enum DeviceFlag : std::uint32_t {
  kDeviceUp = 0x1,
  kDeviceLoopback = 0x8,
  kDeviceRunning = 0x40,
  kDeviceLowerUp = 0x10000,
};
inline constexpr std::uint32_t kLoopbackFlags = kDeviceUp | kDeviceLoopback | kDeviceRunning;  // ioctl(2) says
inline constexpr std::uint32_t kLoopbackLinkFlags = kLoopbackFlags | kDeviceLowerUp;           // netlink says

// 127.0.0.1/8, in network order; ::1/128.
inline constexpr std::uint32_t kLoopbackAddress = 0x0100007f, kLoopbackMask = 0x000000ff,
                               kLoopbackBroadcast = 0xffffff7f, kLoopbackNetwork = 0x0000007f;
inline constexpr std::uint8_t kLoopbackAddress6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

}  // namespace kernel::net
