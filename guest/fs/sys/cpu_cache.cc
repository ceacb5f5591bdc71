#include "fs/sys/cpu_cache.h"

#include "arch/x86_64/cpuid.h"

namespace kernel::fs {

namespace {

using arch::cpuid;
using arch::CpuidResult;

constexpr std::uint32_t kCacheLeaf = 4;
constexpr std::uint32_t kExtended = 0x8000'0000;
constexpr std::uint32_t kAmdCacheLeaf = 0x8000'001d;
constexpr std::uint32_t kAmdTopologyExtensions = 1 << 22;  // leaf 0x80000001, ECX

// AMD's processors have the other leaf, and say nothing here.
std::optional<std::uint32_t> cache_leaf() {
  if (cpuid(0).eax >= kCacheLeaf && (cpuid(kCacheLeaf).eax & 0x1f) != 0) return kCacheLeaf;
  if (cpuid(kExtended).eax < kAmdCacheLeaf) return {};
  if (!(cpuid(kExtended + 1).ecx & kAmdTopologyExtensions)) return {};
  return kAmdCacheLeaf;
}

}  // namespace

std::optional<CpuCache> cpu_cache(unsigned index) {
  // Asked once, whatever the answer: each CPUID is an exit.
  static constinit std::uint32_t leaf = 0;
  constexpr std::uint32_t kNoLeaf = ~std::uint32_t{0};
  if (leaf == 0) leaf = cache_leaf().value_or(kNoLeaf);
  if (leaf == kNoLeaf) return {};
  const CpuidResult answer = cpuid(leaf, index);
  const std::uint32_t type = answer.eax & 0x1f;
  if (type < 1 || type > 3) return {};
  return CpuCache{.type = static_cast<CacheType>(type),
                  .level = answer.eax >> 5 & 0x7,
                  .line_size = (answer.ebx & 0xfff) + 1,
                  .partitions = (answer.ebx >> 12 & 0x3ff) + 1,
                  .ways = (answer.ebx >> 22) + 1,
                  .sets = answer.ecx + 1};
}

}  // namespace kernel::fs
