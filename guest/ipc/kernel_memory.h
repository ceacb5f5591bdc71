// What payloads make the kernel keep for them in its own memory: semaphores, undo lists, messages. Together they get a
// share of the RAM, and none of what the kernel needs to go on. (On Linux it is the memory control group that counts
// them.)
#pragma once

#include <cstddef>
#include <utility>

#include "lib/result.h"

namespace kernel::ipc {

// One part of all RAM may hold what other processes have left behind.
inline constexpr std::size_t kKernelMemoryShare = 4;

class KernelMemory {
 public:
  // kNoMem beyond the share, or without RAM to spare.
  static Result<KernelMemory> reserve(std::size_t bytes);
  KernelMemory() = default;
  KernelMemory(KernelMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}
  KernelMemory& operator=(KernelMemory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~KernelMemory();

 private:
  explicit KernelMemory(std::size_t bytes) : bytes_(bytes) {}
  std::size_t bytes_ = 0;
};

}  // namespace kernel::ipc
