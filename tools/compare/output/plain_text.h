// Text from a payload, an image or somebody's file, made fit for a terminal: it cannot move the cursor, end its line or
// reorder what stands beside it.
#pragma once

#include <string>
#include <string_view>

namespace husk::compare {

// Tabs and ends of lines become spaces; other control characters (C0, DEL, C1), those that steer the direction of
// writing, and bytes that are not UTF-8 become U+FFFD.
std::string plain(std::string_view text);

}  // namespace husk::compare
