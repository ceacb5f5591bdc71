#include "fs/proc/ipc_sysctls.h"

namespace kernel::fs {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\0';
}

// Takes the next decimal number from the front of `text`; nothing is left after the last one. kInval.
Result<std::uint64_t> take_number(std::string_view& text, bool& found) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
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

}  // namespace

Result<std::uint64_t> sysctl_number(std::string_view text, std::uint64_t largest, std::uint64_t smallest) {
  bool found = false;
  const std::uint64_t value = TRY(take_number(text, found));
  if (!found || value > largest || value < smallest) return Errno::kInval;
  return value;
}

void show_semaphore_limits(ProcText& text) {
  const ipc::Limits& limits = ipc::limits;
  text.print("{}\t{}\t{}\t{}\n", limits.semaphores_per_set, limits.semaphores, limits.semaphore_operations,
             limits.semaphore_sets);
}

// As many of the four as are given. Linux takes negative ones, too: then nothing can be made or done.
Result<void> change_semaphore_limits(std::string_view text) {
  ipc::Limits changed = ipc::limits;
  for (int* value :
       {&changed.semaphores_per_set, &changed.semaphores, &changed.semaphore_operations, &changed.semaphore_sets}) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    bool found = false;
    const std::uint64_t number = TRY(take_number(text, found));
    if (!found && negative) return Errno::kInval;
    if (!found) break;
    if (number > kLargestInt) return Errno::kInval;
    *value = negative ? -static_cast<int>(number) : static_cast<int>(number);
  }
  if (changed.semaphore_sets < 0 || changed.semaphore_sets > ipc::kMostObjects) return Errno::kInval;
  ipc::limits = changed;
  return {};
}

}  // namespace kernel::fs
