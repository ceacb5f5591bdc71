#include "fs/proc/sysctl_value.h"

namespace kernel::fs {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\0';
}

}  // namespace

void skip_sysctl_space(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

Result<std::uint64_t> take_sysctl_number(std::string_view& text, bool& found) {
  skip_sysctl_space(text);
  found = !text.empty();
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(text[digits] - '0'), &value)) {
      return Errno::kInval;
    }
  }
  if (found && (digits == 0 || (digits < text.size() && !is_space(text[digits])))) return Errno::kInval;
  text.remove_prefix(digits);
  return value;
}

Result<std::uint64_t> sysctl_number(std::string_view text, std::uint64_t largest, std::uint64_t smallest) {
  bool found = false;
  const std::uint64_t value = TRY(take_sysctl_number(text, found));
  if (!found || value > largest || value < smallest) return Errno::kInval;
  return value;
}

}  // namespace kernel::fs
