// Copying from one open file to another inside the kernel: sendfile(2), copy_file_range(2), splice(2) where no pipe of
// this kernel's is in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/file.h"
#include "lib/vector.h"

namespace kernel::fs {

// An offset of the payload's that a copy reads at or writes at, and advances; null: the file's own.
using CopyOffset = std::uint64_t*;

class FileCopy {
 public:
  FileCopy(File& in, CopyOffset in_offset, File& out, CopyOffset out_offset)
      : in_(in), in_offset_(in_offset), out_(out), out_offset_(out_offset) {}

  // Up to the end of the input.
  Result<std::size_t> all(std::size_t count);
  // What one read gives: a stream that is asked a second time may have nothing more and wait.
  Result<std::size_t> once(std::size_t count);

 private:
  Result<void> prepare(std::size_t count);
  Result<std::size_t> step(std::size_t count);

  File& in_;
  CopyOffset in_offset_;
  File& out_;
  CopyOffset out_offset_;
  Vector<std::byte> scratch_;
};

}  // namespace kernel::fs
