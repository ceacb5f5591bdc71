// From the payload's argument vector to a running program: the search through PATH and the statuses 126 and 127.
#pragma once

#include <string>
#include <vector>

namespace husk::runner {

// Why a command was not run, as a shell reports it (POSIX, "Command Search and Execution").
struct ExecFailure {
  int status = 0;       // 126 or 127
  std::string message;  // one line, without "husk: "
};

// Replaces the process, or says why it cannot. A command without a slash is looked up in PATH as `env` has it.
ExecFailure execute(const std::vector<std::string>& argv, const std::vector<std::string>& env);

// The value of `name` in a list of "NAME=VALUE", or `otherwise`.
std::string lookup(const std::vector<std::string>& env, const std::string& name, const std::string& otherwise);

// The paths to try for `command`, in order: itself when it has a slash, else one for each directory in `path`.
std::vector<std::string> candidates(const std::string& command, const std::string& path);

// What Docker and runc use where the environment has no PATH.
inline constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// A NULL-terminated view of `strings` for execve; valid as long as `strings` is.
std::vector<char*> c_vector(const std::vector<std::string>& strings);

}  // namespace husk::runner
