// Sysctls that are numbers in memory, which root may change: proc_dointvec() and its like (Linux, kernel/sysctl.c).
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "fs/proc/proc_fs.h"

namespace kernel::fs {

// Takes the next decimal number from the front of `text`; nothing is found after the last one. kInval.
Result<std::uint64_t> take_sysctl_number(std::string_view& text, bool& found);
void skip_sysctl_space(std::string_view& text);
// The one number of a line that is written; kInval for anything else.
Result<std::uint64_t> sysctl_number(std::string_view text, std::uint64_t largest, std::uint64_t smallest = 0);

template <auto& kObject, auto kMember>
void show_sysctl_number(ProcText& text) {
  text.print("{}\n", kObject.*kMember);
}

template <auto& kObject, auto kMember, std::uint64_t kLargest, std::uint64_t kSmallest>
Result<void> change_sysctl_number(std::string_view text) {
  auto& value = kObject.*kMember;
  value = static_cast<std::remove_reference_t<decltype(value)>>(TRY(sysctl_number(text, kLargest, kSmallest)));
  return {};
}

template <auto& kObject, auto kMember, std::uint64_t kLargest, std::uint64_t kSmallest = 0>
consteval ProcNode sysctl_number_node(std::string_view name) {
  return {.name = name,
          .generate = show_sysctl_number<kObject, kMember>,
          .accept = change_sysctl_number<kObject, kMember, kLargest, kSmallest>};
}

inline constexpr std::uint64_t kLargestInt = std::numeric_limits<int>::max();
inline constexpr std::uint64_t kLargestLong = std::numeric_limits<std::uint64_t>::max();

}  // namespace kernel::fs
