// A bounds-checked view of guest RAM: the one place where a guest-physical address becomes a host pointer. Devices and
// the boot loader see guest memory only through it; it knows nothing of KVM and owns no mapping.
//
// Parts of RAM are read-only, for the VMM as much as for the guest: the kernel's code, which may be the page cache of
// its file (vmm/machine/guest_ram.h). A guest that could have a device write there would make the VMM fault. So there
// are two ways to get at bytes, and the one that gives something to write through gives writable memory only:
//   readable   what the guest made for the device to read: descriptor tables, available rings, readable buffers
//   writable   where the device writes: used rings, writable buffers
//
// The bytes behind it are shared with a running guest. Read a field once, into a copy, then check the copy: `read`,
// `read_bytes` and `write` copy (common/shared_copy.h) and never hand out a reference. A span is for bulk data (a
// buffer for readv), which nobody looks at, and for ring fields that are accessed atomically.
//
// Threading: immutable once the VM has been built, so any thread may use it. Errors: out of range is an ordinary answer
// (an empty span, nullopt, false), since the address may come from the guest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "common/address.h"
#include "common/shared_copy.h"

namespace husk {

class GuestMemory {
 public:
  static constexpr std::size_t kMaxRegions = 2;          // RAM below the hole under 4 GiB, and RAM above it
  static constexpr std::size_t kMaxReadOnlyRanges = 12;  // segments of a kernel

  // Adds [start, start + host.size()), which must not overlap another region. False when there is no slot left.
  bool add_region(Gpa start, std::span<std::byte> host) {
    if (region_count_ == kMaxRegions) return false;
    regions_[region_count_++] = Region{start, host};
    return true;
  }

  // From now on [start, start + length) is never handed out for writing. False when there is no slot left; the caller
  // must not go on then.
  [[nodiscard]] bool make_read_only(Gpa start, std::uint64_t length) {
    if (read_only_count_ == kMaxReadOnlyRanges) return false;
    read_only_[read_only_count_++] = Range{start, length};
    return true;
  }

  // The `length` bytes at `address`, or an empty span unless all of them lie in one region. (A range of no bytes is
  // an empty span as well: there is nothing to touch.)
  std::span<const std::byte> readable(Gpa address, std::uint64_t length) const { return find(address, length); }

  // The same, and an empty span as well when one of the bytes is read-only.
  std::span<std::byte> writable(Gpa address, std::uint64_t length) const {
    const std::span<std::byte> bytes = find(address, length);
    for (const Range& range : std::span(read_only_.data(), read_only_count_)) {
      // `find` has checked that the sum does not wrap around.
      if (!bytes.empty() && address < range.start + range.length && range.start < address + length) return {};
    }
    return bytes;
  }

  template <typename T>
  std::optional<T> read(Gpa address) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    if (!read_bytes(address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
    return value;
  }

  // Copies what is there into `to`. False if some of it is outside of RAM.
  bool read_bytes(Gpa address, std::span<std::byte> to) const {
    const std::span<const std::byte> bytes = readable(address, to.size());
    if (bytes.empty()) return false;
    copy_from_shared(to.data(), bytes.data(), bytes.size());
    return true;
  }

  template <typename T>
  bool write(Gpa address, const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::span<std::byte> bytes = writable(address, sizeof(T));
    if (bytes.empty()) return false;
    copy_to_shared(bytes.data(), &value, sizeof(T));
    return true;
  }

 private:
  struct Region {
    Gpa start;
    std::span<std::byte> host;
  };
  struct Range {
    Gpa start;
    std::uint64_t length = 0;
  };

  std::span<std::byte> find(Gpa address, std::uint64_t length) const {
    for (const Region& region : std::span(regions_.data(), region_count_)) {
      if (address < region.start) continue;
      const std::uint64_t offset = address - region.start;
      if (offset < region.host.size() && length <= region.host.size() - offset) {
        return region.host.subspan(offset, length);
      }
    }
    return {};
  }

  std::array<Region, kMaxRegions> regions_{};
  std::size_t region_count_ = 0;
  std::array<Range, kMaxReadOnlyRanges> read_only_{};
  std::size_t read_only_count_ = 0;
};

}  // namespace husk
