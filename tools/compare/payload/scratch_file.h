// A new file in /tmp.
#pragma once

#include "tools/compare/payload/bench.h"

namespace husk::payload {

// Programs read and write files in pieces of about this size.
inline constexpr size_t kFileChunk = 64 << 10;

// "/tmp/husk-compare.0123456789abcdef". The number is the clock's, so that payloads that share a /tmp do not meet.
class ScratchName {
 public:
  ScratchName();
  const char* path() const { return path_; }

 private:
  static constexpr char kPrefix[] = "/tmp/husk-compare.";
  static constexpr size_t kDigits = 16;

  char path_[sizeof kPrefix + kDigits];
};

// kFileChunk bytes of data.
Outcome make_chunk(unsigned char*& chunk);

// All `size` bytes, at most a chunk.
Outcome write_chunk(int descriptor, const unsigned char* chunk, size_t size);

// Creates a file and removes its name at once: whatever happens to this process, nothing is left in /tmp.
Outcome create_nameless(int& descriptor);

// --write: creates a file, writes so many bytes to it, closes it, removes it.
Outcome write_file(uint64_t size);

}  // namespace husk::payload
