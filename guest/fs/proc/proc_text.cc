#include "fs/proc/proc_text.h"

namespace kernel::fs {

void ProcText::put(std::string_view text) {
  if (failed_) return;
  const std::size_t needed = storage_.size() + text.size();
  std::size_t capacity = 256;
  while (capacity < needed) capacity *= 2;
  if (!storage_.reserve(capacity)) {
    failed_ = true;
    return;
  }
  for (char c : text) (void)storage_.push_back(c).ok();  // there is room
}

void ProcText::put_number(std::uint64_t value, unsigned base, unsigned width, char pad) {
  FixedText<72> piece;
  piece.put_number(value, base, width, pad);
  put(piece.view());
}

void ProcText::pad_to(std::size_t column) {
  const std::size_t line = view().rfind('\n') == std::string_view::npos ? 0 : view().rfind('\n') + 1;
  while (!failed_ && storage_.size() - line < column) put(" ");
}

}  // namespace kernel::fs
