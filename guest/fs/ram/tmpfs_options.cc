#include "fs/ram/tmpfs_options.h"

#include "fs/inode.h"
#include "mm/address.h"

namespace kernel::fs {

namespace {

// Digits of a base up to 10. kInval for none, for others, and for what is larger than `largest`.
Result<std::uint64_t> number(std::string_view text, unsigned base, std::uint64_t largest) {
  if (text.empty()) return Errno::kInval;
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || static_cast<unsigned>(digit - '0') >= base) return Errno::kInval;
    const auto added = static_cast<std::uint64_t>(digit - '0');
    if (value > (largest - added) / base) return Errno::kInval;
    value = value * base + added;
  }
  return value;
}

// A number with k, m or g behind it, as memparse() of Linux takes it.
Result<std::uint64_t> scaled(std::string_view text) {
  unsigned shift = 0;
  if (!text.empty()) {
    constexpr std::string_view kUnits = "kmg";
    const std::size_t unit = kUnits.find(static_cast<char>(text.back() | 0x20));
    if (unit != std::string_view::npos) shift = 10 * static_cast<unsigned>(unit + 1);
    if (shift != 0) text.remove_suffix(1);
  }
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 62;
  return TRY(number(text, 10, kLargest >> shift)) << shift;
}

Result<std::uint64_t> size_in_pages(std::string_view text, std::uint64_t memory_pages) {
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    constexpr std::uint64_t kMostPercent = 1'000'000;
    return (TRY(number(text, 10, kMostPercent)) * memory_pages + 99) / 100;
  }
  return mm::page_ceil(TRY(scaled(text))) >> mm::kPageShift;
}

Result<void> take(std::string_view name, std::string_view value, std::uint64_t memory_pages, TmpfsOptions& options) {
  constexpr std::uint64_t kLargestId = 0xffff'fffe;
  if (name == "size") {
    options.pages = TRY(size_in_pages(value, memory_pages));
  } else if (name == "nr_blocks") {
    options.pages = TRY(scaled(value));
  } else if (name == "nr_inodes") {
    options.inodes = TRY(scaled(value));
  } else if (name == "mode") {
    options.permissions = static_cast<std::uint32_t>(TRY(number(value, 8, kModePermissions)));
  } else if (name == "uid") {
    options.uid = static_cast<std::uint32_t>(TRY(number(value, 10, kLargestId)));
  } else if (name == "gid") {
    options.gid = static_cast<std::uint32_t>(TRY(number(value, 10, kLargestId)));
  } else {
    return Errno::kInval;
  }
  return {};
}

}  // namespace

Result<TmpfsOptions> TmpfsOptions::parse(std::string_view text, std::uint64_t memory_pages) {
  TmpfsOptions options;
  while (!text.empty()) {
    const std::size_t end = text.find(',');
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return Errno::kInval;
    TRY(take(word.substr(0, equals), word.substr(equals + 1), memory_pages, options));
  }
  return options;
}

}  // namespace kernel::fs
