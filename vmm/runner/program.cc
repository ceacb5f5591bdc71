#include "vmm/runner/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "vmm/error.h"
#include "vmm/runner/open_in_root.h"

namespace husk::runner {

std::string lookup(const std::vector<std::string>& env, const std::string& name, const std::string& otherwise) {
  for (const std::string& entry : env) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return otherwise;
}

std::vector<std::string> candidates(const std::string& command, const std::string& path) {
  if (command.empty()) return {};
  if (command.find('/') != std::string::npos) return {command};
  std::vector<std::string> found;
  std::string_view rest = path;
  for (;;) {
    const std::size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    found.push_back((directory.empty() ? "." : std::string(directory)) + "/" + command);
    if (colon == std::string_view::npos) return found;
    rest.remove_prefix(colon + 1);
  }
}

std::vector<char*> c_vector(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

ExecFailure execute(const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  const std::vector<char*> argument_pointers = c_vector(argv);
  const std::vector<char*> environment_pointers = c_vector(env);
  // As execvp(3): a directory in PATH that lacks the file, or may not be searched, does not end the search, but a file
  // that was found and could not be run is what the user wants to hear about.
  int error = ENOENT;
  for (const std::string& candidate : candidates(argv[0], lookup(env, "PATH", kDefaultPath))) {
    if (open_as_payload(candidate, O_PATH)) {
      execve(candidate.c_str(), argument_pointers.data(), environment_pointers.data());
    }
    if (errno == ENOENT || errno == ENOTDIR) continue;
    error = errno;
    if (error != EACCES) break;
  }
  const int status = error == ENOENT ? kExitNotFound : kExitNotExecutable;
  return {status, "cannot run '" + argv[0] + "': " + (error == ENOENT ? "command not found" : std::strerror(error))};
}

}  // namespace husk::runner
