// The processor's caches, as large as the kernel says that they are for one core.
#pragma once

#include <cstdint>
#include <filesystem>

namespace husk::compare {

struct CacheSizes {
  std::uint64_t second_level = 0;  // bytes; 0: not known
  std::uint64_t last_level = 0;    // the largest that holds data; of the cores that share it, not of the whole socket
};

// From sysfs (Documentation/ABI/testing/sysfs-devices-system-cpu). sysconf(_SC_LEVEL3_CACHE_SIZE) has the sum over all
// core complexes of an AMD processor, of which one core can fill only its own.
CacheSizes cache_sizes(const std::filesystem::path& directory = "/sys/devices/system/cpu/cpu0/cache");

// Sizes of a buffer to read: in the second-level cache, in the last-level cache, and so large that little of it is in
// any. 0 where there is none: the cache is not known, or the buffer would take more than half of `limit`.
struct StreamSizes {
  std::uint64_t in_second_level = 0;
  std::uint64_t in_last_level = 0;
  std::uint64_t beyond_caches = 0;
};
StreamSizes stream_sizes(const CacheSizes& caches, std::uint64_t limit);

}  // namespace husk::compare
