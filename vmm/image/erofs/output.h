// The file that an image is written to, from its second block on and in one direction; its first block comes last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vmm/image/erofs/format.h"

namespace husk::image::erofs {

class Output {
 public:
  // `fd`: a file that can be written at any place. What it held is gone.
  Output(int fd, std::uint64_t most);

  std::uint64_t position() const { return flushed_ + used_; }
  std::uint64_t bytes_left() const { return most_ - position(); }

  // The way without a copy: space for the next bytes, at least one of them, then how many of them it was.
  std::span<std::byte> room();
  void commit(std::size_t count);

  void append(std::span<const std::byte> bytes);
  void append_zeros(std::uint64_t count);  // many of them are a hole in the file
  void pad_to(std::uint64_t position) { append_zeros(position - this->position()); }
  void pad_to_block() { pad_to(blocks_of(position()) * kBlock); }

  // The rest, and the first block. The file is as long as the position says.
  void finish(std::span<const std::byte, kBlock> first_block);

 private:
  void flush();
  void check(std::uint64_t count) const;
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes) const;

  int fd_;
  std::uint64_t most_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::uint64_t flushed_ = kBlock;
};

}  // namespace husk::image::erofs
