// Kinds of addresses, kept apart by type: a frame number of guest-physical memory, and (in mm/user_ptr.h) a payload's
// pointer, which the kernel can copy through but never dereference.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include "abi/husk_abi.h"

namespace kernel::mm {

using husk::abi::kKernelBase;
using husk::abi::kPageSize;
inline constexpr unsigned kPageShift = 12;

// A page frame number: guest-physical address divided by the page size.
struct Pfn {
  std::uint64_t value = ~std::uint64_t{0};
  auto operator<=>(const Pfn&) const = default;
  std::uint64_t physical() const { return value << kPageShift; }
};
inline constexpr Pfn kNoFrame{};

// The kernel's direct map covers all guest-physical memory.
inline std::byte* frame_data(Pfn pfn) {
  return reinterpret_cast<std::byte*>(kKernelBase + pfn.physical());
}
template <typename T>
T* physical_pointer(std::uint64_t gpa) {
  return reinterpret_cast<T*>(kKernelBase + gpa);
}
inline std::uint64_t physical_of(const void* direct_map_pointer) {
  return reinterpret_cast<std::uint64_t>(direct_map_pointer) - kKernelBase;
}
inline Pfn frame_of(const void* direct_map_pointer) {
  return Pfn{physical_of(direct_map_pointer) >> kPageShift};
}

constexpr std::uint64_t page_floor(std::uint64_t address) {
  return address & ~(kPageSize - 1);
}
constexpr std::uint64_t page_ceil(std::uint64_t address) {
  return page_floor(address + kPageSize - 1);
}
constexpr std::uint64_t page_offset(std::uint64_t address) {
  return address & (kPageSize - 1);
}

}  // namespace kernel::mm
