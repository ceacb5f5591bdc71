#include "ipc/kernel_memory.h"

#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::ipc {
namespace {

// Beyond what the kernel keeps from payloads' pages in any case.
constexpr std::uint64_t kSpareFrames = 4 * mm::kKernelReserveFrames;

constinit std::uint64_t reserved_ = 0;  // bytes

}  // namespace

Result<KernelMemory> KernelMemory::reserve(std::size_t bytes) {
  const mm::MemoryStatistics memory = mm::memory_statistics();
  const std::uint64_t share = memory.total_frames * mm::kPageSize / kKernelMemoryShare;
  if (bytes > share || reserved_ > share - bytes) return Errno::kNoMem;
  if (memory.free_frames < kSpareFrames + (bytes >> mm::kPageShift)) return Errno::kNoMem;
  reserved_ += bytes;
  return KernelMemory(bytes);
}

KernelMemory::~KernelMemory() {
  reserved_ -= bytes_;
}

}  // namespace kernel::ipc
