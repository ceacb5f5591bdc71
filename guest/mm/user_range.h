// A range of whole pages of the payload's half of the address space: the only thing that operations on mappings take.
//
// It is made from an address and a length at one place, at the system call, with the errno that this call has for each
// way to be wrong. From then on start <= end <= kUserEnd holds by construction, so nobody else adds an address to a
// length, and nothing can wrap around.
#pragma once

#include <algorithm>
#include <cstdint>

#include "abi/husk_abi.h"
#include "lib/result.h"
#include "mm/address.h"

namespace kernel::mm {

class UserRange {
 public:
  constexpr UserRange() = default;

  // From a page-aligned address (else kInval) and a length, which is rounded up to pages; `outside` if it does not lie
  // below kUserEnd. It may be empty.
  static Result<UserRange> of(std::uint64_t address, std::uint64_t length, Errno outside) {
    if (page_offset(address) != 0) return Errno::kInval;
    if (address > husk::abi::kUserEnd || length > husk::abi::kUserEnd - address) return outside;
    return UserRange(address, address + page_ceil(length));
  }
  // The same for calls that do their work as far as there are mappings and then fail: what lies beyond kUserEnd is a
  // part that is never mapped. `wraps` if address + length leaves 64 bits.
  struct Part;
  static Result<Part> part_of(std::uint64_t address, std::uint64_t length, Errno wraps);
  // What lies between two page-aligned addresses; empty if they are not in order. The ends of ranges and mappings.
  static UserRange between(std::uint64_t start, std::uint64_t end) {
    end = std::min(end, husk::abi::kUserEnd);
    return UserRange(std::min(start, end), end);
  }
  static UserRange whole() { return UserRange(0, husk::abi::kUserEnd); }

  std::uint64_t start() const { return start_; }
  std::uint64_t end() const { return end_; }
  std::uint64_t size() const { return end_ - start_; }
  std::uint64_t pages() const { return size() >> kPageShift; }
  bool empty() const { return start_ == end_; }
  bool contains(std::uint64_t address) const { return address >= start_ && address < end_; }
  bool overlaps(const UserRange& other) const { return start_ < other.end_ && other.start_ < end_; }
  UserRange common(const UserRange& other) const {
    return between(std::max(start_, other.start_), std::min(end_, other.end_));
  }
  // The first `size` bytes, whole pages, and what follows them.
  UserRange first(std::uint64_t size) const { return UserRange(start_, start_ + std::min(size, this->size())); }
  UserRange after(std::uint64_t size) const { return UserRange(start_ + std::min(size, this->size()), end_); }

 private:
  constexpr UserRange(std::uint64_t start, std::uint64_t end) : start_(start), end_(end) {}

  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
};

struct UserRange::Part {
  UserRange range;
  bool whole;  // nothing of what was asked for lies beyond kUserEnd
};

inline Result<UserRange::Part> UserRange::part_of(std::uint64_t address, std::uint64_t length, Errno wraps) {
  if (page_offset(address) != 0) return Errno::kInval;
  std::uint64_t end;
  if (length > ~std::uint64_t{0} - (kPageSize - 1) || __builtin_add_overflow(address, page_ceil(length), &end))
    return wraps;
  return Part{between(address, end), length == 0 || end <= husk::abi::kUserEnd};
}

// The length of a range that has no address yet: kInval for nothing, kNoMem for what no address space can hold
// (mmap(2)).
inline Result<std::uint64_t> mappable_length(std::uint64_t length) {
  if (length == 0) return Errno::kInval;
  if (length > husk::abi::kUserEnd - husk::abi::kUserMin) return Errno::kNoMem;
  return page_ceil(length);
}

}  // namespace kernel::mm
