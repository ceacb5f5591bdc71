// Guest-physical addresses as a type of their own: the host can do arithmetic on one, but never dereference it.
// Host pointers come out of GuestMemory only (common/guest_memory.h), after a bounds check.
#pragma once

#include <compare>
#include <cstdint>

namespace husk {

struct Gpa {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Gpa, Gpa) = default;  // NOLINT(modernize-use-nullptr): the 0 is clang's
  friend constexpr Gpa operator+(Gpa address, std::uint64_t offset) { return {address.value + offset}; }
  friend constexpr std::uint64_t operator-(Gpa high, Gpa low) { return high.value - low.value; }
};

// Guest-virtual: where the kernel is linked and what the page tables of the boot loader map.
struct Gva {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Gva, Gva) = default;
  friend constexpr Gva operator+(Gva address, std::uint64_t offset) { return {address.value + offset}; }
};

}  // namespace husk
