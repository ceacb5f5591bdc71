// What CPUID says the CPU is (SDM vol. 2, CPUID), for /proc/cpuinfo. CPUID costs an exit to the host, so it is asked
// only when somebody reads that file.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kernel::fs {

// Where a feature's bit is, and Linux's name for it.
struct CpuFlag {
  std::string_view name;
  std::uint8_t word;  // index into CpuIdentity::features
  std::uint8_t bit;
};

struct CpuIdentity {
  char vendor[13] = {};
  char brand[49] = {};
  unsigned family = 0, model = 0, stepping = 0;
  unsigned highest_leaf = 0, cache_line = 0, physical_bits = 0, virtual_bits = 0;
  // Leaf 1 EDX and ECX, leaf 7 EBX, leaf 0x80000001 EDX and ECX.
  std::uint32_t features[5] = {};

  std::string_view vendor_text() const { return vendor; }
  std::string_view brand_text() const { return brand; }
  bool has(const CpuFlag& flag) const { return features[flag.word] >> flag.bit & 1; }
};

CpuIdentity identify_cpu();
extern const std::span<const CpuFlag> kCpuFlags;

}  // namespace kernel::fs
