// A user's home directory as a container's passwd(5) has it: what HOME is where nobody has said otherwise. runc looks it
// up as well (libcontainer, finalizeNamespace), Docker by it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/text_lines.h"
#include "common/user_lookup.h"

namespace husk {

// NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL. Empty if this is another user's line, or none.
constexpr std::string_view home_in_line(std::string_view line, std::uint32_t uid) {
  constexpr unsigned kUid = 2, kHome = 5;
  return parse_id(field_of(line, kUid)) == uid ? field_of(line, kHome) : std::string_view();
}

// "/" for a user that the file does not know. `read_at` as for_each_line() has it. The result is in `buffer`; a line that
// is longer than it ends the search.
template <typename ReadAt>
std::string_view home_directory(std::uint32_t uid, std::span<char> buffer, ReadAt read_at) {
  std::string_view home;
  for_each_line(buffer, read_at, [&](std::string_view line) {
    home = home_in_line(line, uid);
    return !home.empty();
  });
  return home.empty() ? "/" : home;
}

}  // namespace husk
