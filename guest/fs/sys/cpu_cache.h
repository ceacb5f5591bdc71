// What CPUID says of the processor's caches (SDM vol. 2, CPUID leaf 4; APM vol. 3, Fn8000_001D, which is laid out alike).
#pragma once

#include <cstdint>
#include <optional>

namespace kernel::fs {

inline constexpr unsigned kMostCaches = 4;  // L1 for data and for instructions, L2, L3

enum class CacheType : std::uint8_t { kData = 1, kInstruction = 2, kUnified = 3 };

struct CpuCache {
  CacheType type;
  unsigned level, line_size, partitions, ways, sets;

  std::uint64_t size() const { return std::uint64_t{line_size} * partitions * ways * sets; }
};

// The cache with that index, if the processor has as many.
std::optional<CpuCache> cpu_cache(unsigned index);

}  // namespace kernel::fs
