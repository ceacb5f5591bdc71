// The resource limits of a process (getrlimit(2)).
#pragma once

#include <cstdint>
#include <optional>

namespace kernel::task {

inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};  // RLIM_INFINITY

// Linux's numbers.
enum class Resource : std::uint8_t {
  kCpu = 0,
  kFileSize = 1,
  kData = 2,
  kStack = 3,
  kCore = 4,
  kResidentSet = 5,
  kProcesses = 6,
  kOpenFiles = 7,
  kLockedMemory = 8,
  kAddressSpace = 9,
  kFileLocks = 10,
  kPendingSignals = 11,
  kMessageQueues = 12,
  kNice = 13,
  kRealTimePriority = 14,
  kRealTimeTimeout = 15,
};
inline constexpr unsigned kResourceCount = 16;

// What a caller or the VMM named; null if there is no such resource.
constexpr std::optional<Resource> resource_of(unsigned number) {
  if (number >= kResourceCount) return {};
  return static_cast<Resource>(number);
}

// Linux's struct rlimit.
struct Rlimit {
  std::uint64_t current = kUnlimited;
  std::uint64_t maximum = kUnlimited;
};

class ResourceLimits {
 public:
  // What is in force, and how far it may be raised.
  std::uint64_t current(Resource resource) const { return limits_[index(resource)].current; }
  std::uint64_t maximum(Resource resource) const { return limits_[index(resource)].maximum; }
  const Rlimit& get(Resource resource) const { return limits_[index(resource)]; }
  void set(Resource resource, const Rlimit& limit) { limits_[index(resource)] = limit; }

  // Those of the first process of a container.
  static ResourceLimits of_container() {
    ResourceLimits limits;
    limits.set(Resource::kStack, {8 << 20, kUnlimited});
    limits.set(Resource::kCore, {0, kUnlimited});
    limits.set(Resource::kOpenFiles, {1024, 1 << 20});
    limits.set(Resource::kProcesses, {30000, 30000});
    limits.set(Resource::kLockedMemory, {8 << 20, 8 << 20});
    limits.set(Resource::kPendingSignals, {4096, 4096});
    limits.set(Resource::kMessageQueues, {819200, 819200});
    limits.set(Resource::kNice, {0, 0});
    limits.set(Resource::kRealTimePriority, {0, 0});
    return limits;
  }

 private:
  static constexpr unsigned index(Resource resource) { return static_cast<unsigned>(resource); }

  Rlimit limits_[kResourceCount];
};

}  // namespace kernel::task
