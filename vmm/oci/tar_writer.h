// tar archives, file by file: ustar with PAX extended headers (POSIX) for what that has no room for, as Go's archive/tar reads
// and writes them, with which images are made. Equal calls make equal bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/oci/byte_sink.h"
#include "vmm/oci/tar_reader.h"

namespace husk::oci {

class TarWriter {
 public:
  explicit TarWriter(ByteSink& sink) : sink_(sink) {}

  // A file's header. What a regular file has follows, in as many write()s as one likes, before the next begin(). A directory's
  // name ends with a '/', by whoever gives it. Sparse files are written with their zeros.
  void begin(const TarEntry& entry);
  void write(std::span<const std::byte> contents);

  void finish();

 private:
  void pad();

  ByteSink& sink_;
  std::uint64_t written_ = 0;  // of the file at hand
};

}  // namespace husk::oci
