// The lines of a file that an image has, which is not in memory and can be as long as it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace husk {

// Where a search ends: far more than any passwd(5) has, and far less than a file of an image's can be made to have.
constexpr std::uint64_t kMostOfFile = std::uint64_t{16} << 20;

enum class LinesEnd { kStopped, kEnd, kLineTooLong, kFileTooLong };

// Calls `visit(line)`, without the newline, until that says true. `read_at(offset, memory)` gives how much of the file it
// has read, 0 at its end or where there is none. The lines are in `buffer`, also after the end.
template <typename ReadAt, typename Visit>
LinesEnd for_each_line(std::span<char> buffer, ReadAt read_at, Visit visit) {
  for (std::uint64_t offset = 0; offset < kMostOfFile;) {
    const std::size_t size = read_at(offset, buffer);
    const bool last = size < buffer.size();
    std::string_view rest(buffer.data(), size);
    std::size_t complete = 0;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos && !last) break;
      if (visit(rest.substr(0, end))) return LinesEnd::kStopped;
      const std::size_t taken = end == std::string_view::npos ? rest.size() : end + 1;
      complete += taken;
      rest.remove_prefix(taken);
    }
    if (last) return LinesEnd::kEnd;
    if (complete == 0) return LinesEnd::kLineTooLong;
    offset += complete;
  }
  return LinesEnd::kFileTooLong;
}

// What stands before the first `separator`; `rest` is what comes behind it.
constexpr std::string_view take_field(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view field = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return field;
}

// The field with this number, from 0; empty where there are fewer.
constexpr std::string_view field_of(std::string_view line, unsigned number, char separator = ':') {
  for (; number > 0; --number) take_field(line, separator);
  return take_field(line, separator);
}

}  // namespace husk
