// A directory's contents: its entries, sorted by name over the whole directory, as many in a block as there is room for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "vmm/image/erofs/format.h"

namespace husk::image::erofs {

// How many bytes those entries will take that were added, in their order.
class DirectorySize {
 public:
  void add(std::size_t name_size);
  std::uint64_t bytes() const { return full_blocks_ * kBlock + last_block_; }

 private:
  std::uint64_t full_blocks_ = 0;
  std::uint64_t last_block_ = 0;
};

// The entries themselves, to be added in the same order. `sink` gets block after block, each of kBlock bytes but the
// last, which has the bytes that it needs.
class DirectoryBlocks {
 public:
  using Sink = std::function<void(std::span<const std::byte>)>;
  explicit DirectoryBlocks(Sink sink) : sink_(std::move(sink)) {}

  void add(std::string_view name, std::uint64_t nid, std::uint16_t mode);
  void finish() { flush(bytes_); }

 private:
  void flush(std::uint64_t size);

  Sink sink_;
  std::uint64_t bytes_ = 0;
  std::vector<DirectoryEntry> entries_;  // their name_offsets count from the first name
  std::vector<char> names_;
  std::array<std::byte, kBlock> block_{};
};

}  // namespace husk::image::erofs
