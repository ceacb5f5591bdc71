// The file of the host's profile (host_profile.h): this header, then the CPUID leaves as KVM takes them. Written and read by one build of husk on
// one machine, so its integers are the machine's. tools/start_cost reads it as well.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "vmm/boot/entry_state.h"

namespace husk::machine {

inline constexpr std::uint64_t kHostProfileMagic = 0x3166'6f72'706b'7368;  // "hskprof1"

// What the profile is valid for.
struct HostProfileKey {
  std::array<char, 40> boot_id{};        // random(4)
  std::array<std::byte, 32> build_id{};  // of this executable
  std::uint64_t device_inode = 0;        // /dev/kvm: made anew when its module is loaded
  std::int64_t device_ctime_s = 0;
  std::int64_t device_ctime_ns = 0;

  bool operator==(const HostProfileKey&) const = default;
};

struct HostProfileHeader {
  std::uint64_t magic = kHostProfileMagic;
  HostProfileKey key;
  boot::CpuFeatures features;
  double cpl0_ticks_per_instruction = 0;
  std::uint32_t tsc_khz = 0;
  std::uint32_t entries = 0;
  std::uint64_t checksum = 0;  // of the entries
};
static_assert(std::is_trivially_copyable_v<HostProfileHeader>);

}  // namespace husk::machine
