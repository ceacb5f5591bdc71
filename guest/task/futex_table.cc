#include "task/futex_table.h"

#include <array>

#include "task/task.h"

namespace kernel::task {
namespace {

constexpr std::size_t kBucketCount = 256;
constinit std::array<FutexBucket, kBucketCount> g_buckets;

// Of the byte offset of a word two bits are free. One of them tells the words that are named as shared, but lie in
// private memory, from the same words named as private: no wake-up goes from one to the other (FUT_OFF_MMSHARED).
constexpr std::uint64_t kNamedAsShared = 2;

}  // namespace

FutexBucket& futex_bucket(const FutexKey& key) {
  // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
  const std::uint64_t mixed = (reinterpret_cast<std::uint64_t>(key.owner) + (key.offset >> 2)) * 0x9e37'79b9'7f4a'7c15;
  return g_buckets[mixed >> 56];
}
static_assert(kBucketCount == 1u << (64 - 56));

Result<FutexKey> futex_key(std::uint64_t address, FutexScope scope, mm::FaultAccess access) {
  if (address % sizeof(std::uint32_t) != 0) return Errno::kInval;
  if (address >= husk::abi::kUserEnd) return Errno::kFault;
  mm::AddressSpace& space = *current().space;
  if (scope == FutexScope::kPrivate) return FutexKey{&space, address};
  const mm::Mapping* mapping = space.find(address);
  if (mapping && !mapping->object) access = mm::FaultAccess::kWrite;
  TRY(space.wait_for_frame(address, access));
  const auto location = space.shared_location(address);
  if (location.object) return FutexKey{location.object, location.offset};
  return FutexKey{&space, address | kNamedAsShared};
}

}  // namespace kernel::task
