// The kernel's stack of one task. Below each lies a page that is never mapped: what runs over the end of its stack
// faults there and ends in a panic that says so, instead of in the memory of somebody else.
//
// They are not part of the direct map, so a device cannot be given what lies on one (mm::physical_of()).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/result.h"

namespace kernel::arch {

inline constexpr unsigned kKernelStackOrder = 2;
inline constexpr std::size_t kKernelStackSize = std::size_t{4096} << kKernelStackOrder;

class KernelStack {
 public:
  KernelStack() = default;
  ~KernelStack();
  KernelStack(const KernelStack&) = delete;
  KernelStack& operator=(const KernelStack&) = delete;

  // Once. kNoMem.
  Result<void> allocate();
  std::uint64_t top() const { return reinterpret_cast<std::uint64_t>(base_) + kKernelStackSize; }

 private:
  std::byte* base_ = nullptr;
};

// Whether an address is in a page below a stack: a task's, the one that the kernel starts on, or the one it panics on.
bool is_below_kernel_stack(std::uint64_t address);

}  // namespace kernel::arch
