// A user's home directory as a container's passwd(5) has it: what HOME is where nobody has said otherwise. runc looks it
// up as well (libcontainer, finalizeNamespace), Docker by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace husk {

constexpr bool is_number(std::string_view text, std::uint32_t number) {
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || value > number) return false;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  return !text.empty() && value == number;
}

// NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL. Empty if this is another user's line, or none.
constexpr std::string_view home_in_line(std::string_view line, std::uint32_t uid) {
  constexpr unsigned kUid = 2, kHome = 5;
  for (unsigned field = 0;; ++field) {
    const std::string_view text = line.substr(0, line.find(':'));
    if (field == kUid && !is_number(text, uid)) return {};
    if (field == kHome) return text;
    if (text.size() == line.size()) return {};
    line.remove_prefix(text.size() + 1);
  }
}

// Where a search ends: far more than any passwd(5) has, and far less than a file of an image's can be made to have.
constexpr std::uint64_t kMostOfPasswd = std::uint64_t{16} << 20;

// "/" for a user that the file does not know. `read_at(offset, memory)` gives how much of the file it has read, 0 at its
// end or where there is none. The result is in `buffer`; a line that is longer than it ends the search.
template <typename ReadAt>
std::string_view home_directory(std::uint32_t uid, std::span<char> buffer, ReadAt read_at) {
  for (std::uint64_t offset = 0; offset < kMostOfPasswd;) {
    const std::size_t size = read_at(offset, buffer);
    const bool last = size < buffer.size();
    std::string_view rest(buffer.data(), size);
    std::size_t complete = 0;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos && !last) break;
      const std::string_view home = home_in_line(rest.substr(0, end), uid);
      if (!home.empty()) return home;
      const std::size_t taken = end == std::string_view::npos ? rest.size() : end + 1;
      complete += taken;
      rest.remove_prefix(taken);
    }
    if (last || complete == 0) return "/";
    offset += complete;
  }
  return "/";
}

}  // namespace husk
