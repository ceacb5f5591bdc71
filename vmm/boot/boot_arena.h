// Hands out pieces of the low guest memory that belongs to the VMM, [abi::kBootTablesGpa, abi::kKernelGpa): page
// tables, then the device tree. Only ever grows; what it handed out ends at `next`.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "abi/husk_abi.h"
#include "common/guest_memory.h"
#include "vmm/error.h"

namespace husk::boot {

class BootArena {
 public:
  explicit BootArena(const GuestMemory& memory) : memory_(memory) {}

  // `size` bytes at a page boundary, zero as all of guest RAM is before the guest runs. Throws when they do not fit.
  Gpa allocate(std::uint64_t size, std::string_view what) {
    const std::uint64_t rounded = (size + abi::kPageSize - 1) & ~(abi::kPageSize - 1);
    if (rounded < size || rounded > remaining()) throw Error("place", what, "too large for the guest's boot area");
    const Gpa start = next_;
    next_ = next_ + rounded;
    return start;
  }

  std::uint64_t remaining() const { return abi::kKernelGpa - next_.value; }
  Gpa next() const { return next_; }
  const GuestMemory& memory() const { return memory_; }

 private:
  const GuestMemory& memory_;
  Gpa next_{abi::kBootTablesGpa};
};

}  // namespace husk::boot
