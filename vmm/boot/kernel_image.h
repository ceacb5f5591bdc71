// The guest kernel's ELF file: what of it goes where in guest memory, and what its note says about it.
//
// A kernel file may come from the user (`--kernel FILE`), so every field is checked before it is used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "abi/husk_abi.h"
#include "common/address.h"

namespace husk::boot {

// One PT_LOAD segment. Page-aligned in the file and in memory.
struct Segment {
  Gpa start;
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;    // bytes from the file; what follows up to memory_size is zero
  std::uint64_t memory_size = 0;  // not rounded
  bool writable = false;
  bool executable = false;
  bool seldom = false;  // abi::kSegmentSeldom

  std::uint64_t pages() const { return (memory_size + abi::kPageSize - 1) / abi::kPageSize; }
  Gpa end() const { return start + pages() * abi::kPageSize; }  // rounded up to a page
};

class KernelImage {
 public:
  // Parses and checks `file`. `name` is for messages. Throws husk::Error.
  static KernelImage parse(std::span<const std::byte> file, std::string_view name);

  // In ascending order, without overlap, all in [abi::kKernelGpa, abi::kKernelGpa + kMaxSize).
  std::span<const Segment> segments() const { return std::span(segments_.data(), segment_count_); }
  const abi::KernelNote& note() const { return note_; }
  Gpa end() const { return segments_[segment_count_ - 1].end(); }

  static constexpr std::uint64_t kMaxSize = std::uint64_t{64} << 20;
  static constexpr std::size_t kMaxSegments = 12;

 private:
  std::array<Segment, kMaxSegments> segments_{};
  std::size_t segment_count_ = 0;
  abi::KernelNote note_{};
};

}  // namespace husk::boot
