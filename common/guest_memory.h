// A bounds-checked view of guest RAM: the one place where a guest-physical address becomes a host pointer. Devices and
// the boot loader see guest memory only through it; it knows nothing of KVM and owns no mapping.
//
// The bytes behind it are shared with a running guest. Read a field once, into a copy, then check the copy: `read` and
// `write` copy and never hand out a reference. A span from `at` is for bulk data (a buffer for readv) only.
//
// Threading: immutable once the VM has been built, so any thread may use it. Errors: out of range is an ordinary answer
// (an empty span, nullopt, false), since the address may come from the guest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "common/address.h"

namespace husk {

class GuestMemory {
 public:
  static constexpr std::size_t kMaxRegions = 2;  // RAM below the hole under 4 GiB, and RAM above it

  // Adds [start, start + host.size()), which must not overlap another region. False when there is no slot left.
  bool add_region(Gpa start, std::span<std::byte> host) {
    if (count_ == kMaxRegions) return false;
    regions_[count_++] = Region{start, host};
    return true;
  }

  // The `length` bytes at `address`, or an empty span unless all of them lie in one region. (A range of no bytes is
  // an empty span as well: there is nothing to touch.)
  std::span<std::byte> at(Gpa address, std::size_t length) const {
    for (const Region& region : std::span(regions_.data(), count_)) {
      if (address < region.start) continue;
      const std::uint64_t offset = address - region.start;
      if (offset < region.host.size() && length <= region.host.size() - offset) {
        return region.host.subspan(offset, length);
      }
    }
    return {};
  }

  // Whether [address, address + length) lies in one region; true for an empty range that starts in one.
  bool contains(Gpa address, std::uint64_t length) const {
    for (const Region& region : std::span(regions_.data(), count_)) {
      if (address < region.start) continue;
      const std::uint64_t offset = address - region.start;
      if (offset < region.host.size() && length <= region.host.size() - offset) return true;
    }
    return false;
  }

  template <typename T>
  std::optional<T> read(Gpa address) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::span<std::byte> bytes = at(address, sizeof(T));
    if (bytes.empty()) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  template <typename T>
  bool write(Gpa address, const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::span<std::byte> bytes = at(address, sizeof(T));
    if (bytes.empty()) return false;
    std::memcpy(bytes.data(), &value, sizeof(T));
    return true;
  }

  std::uint64_t size() const {
    std::uint64_t total = 0;
    for (const Region& region : std::span(regions_.data(), count_)) total += region.host.size();
    return total;
  }

 private:
  struct Region {
    Gpa start;
    std::span<std::byte> host;
  };
  std::array<Region, kMaxRegions> regions_{};
  std::size_t count_ = 0;
};

}  // namespace husk
