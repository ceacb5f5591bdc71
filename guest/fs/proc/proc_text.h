// The text of a file of /proc while it is being written: grows as needed, and remembers that memory ran out.
#pragma once

#include <cstddef>
#include <string_view>

#include "lib/format.h"
#include "lib/result.h"
#include "lib/vector.h"

namespace kernel::fs {

class ProcText {
 public:
  void put(std::string_view text);
  void put_number(std::uint64_t value, unsigned base, unsigned width, char pad);
  void pad_to(std::size_t column);  // spaces up to this column of the current line
  // As TextSink::print, at most 400 bytes at a time; longer texts go through put().
  template <typename... Args>
  void print(std::string_view format, const Args&... args) {
    FixedText<400> piece;
    piece.print(format, args...);
    put(piece.view());
  }
  std::string_view view() const { return {storage_.data(), storage_.size()}; }
  char* data() { return storage_.data(); }
  std::size_t size() const { return storage_.size(); }
  Result<void> status() const { return failed_ ? Result<void>(Errno::kNoMem) : Result<void>(); }

 private:
  Vector<char> storage_;
  bool failed_ = false;
};

}  // namespace kernel::fs
