// --env-file: variables from a file, as docker reads it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace husk::config {

// The assignments "NAME=VALUE" and names "NAME" of a file's text, in its order. Each line is one; leading white space,
// empty lines and those that begin with '#' are left out; nothing is unquoted. `file` is for messages. Throws
// husk::Error.
std::vector<std::string> parse_env_file(std::string_view text, const std::string& file);

// The same of a file, which may be a pipe.
std::vector<std::string> read_env_file(const std::string& path);

}  // namespace husk::config
