// Command lines as text that a shell takes back as the same words.
#pragma once

#include <string>
#include <vector>

namespace husk::compare {

// Words that mean nothing special to a POSIX shell stay as they are, others get single quotes.
std::string quoted(const std::vector<std::string>& words);

}  // namespace husk::compare
