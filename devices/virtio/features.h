// Feature bits and status bits that every virtio device shares (virtio 1.2, sections 2.1, 2.2 and 6).
#pragma once

#include <cstdint>

namespace husk::virtio {

constexpr std::uint64_t feature_bit(unsigned number) {
  return std::uint64_t{1} << number;
}

inline constexpr std::uint64_t kFeatureIndirectDesc = feature_bit(28);  // VIRTIO_F_INDIRECT_DESC
inline constexpr std::uint64_t kFeatureEventIdx = feature_bit(29);      // VIRTIO_F_EVENT_IDX
inline constexpr std::uint64_t kFeatureVersion1 = feature_bit(32);      // VIRTIO_F_VERSION_1

// The device status field.
inline constexpr std::uint32_t kStatusAcknowledge = 1;
inline constexpr std::uint32_t kStatusDriver = 2;
inline constexpr std::uint32_t kStatusDriverOk = 4;
inline constexpr std::uint32_t kStatusFeaturesOk = 8;
inline constexpr std::uint32_t kStatusNeedsReset = 64;
inline constexpr std::uint32_t kStatusFailed = 128;

// Device types (section 5).
inline constexpr std::uint32_t kDeviceConsole = 3;
inline constexpr std::uint32_t kDeviceEntropy = 4;
inline constexpr std::uint32_t kDeviceBalloon = 5;

}  // namespace husk::virtio
