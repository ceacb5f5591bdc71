// How a machine is set up, as far as it changes what is measured: two machines of one model differ by this.
#pragma once

#include <map>
#include <string>

namespace husk::compare {

// By name, which are letters, digits and _; each is a member of `host` in the JSON file (docs/compare-json.md). What
// cannot be read says so in place of the value. `system` is "/", or a directory that a test has put files into.
std::map<std::string, std::string> host_settings(const std::string& system = "/");

// The type of the file system that a path lies in ("ext4", "tmpfs", "overlay"), as proc_pid_mountinfo(5) gives it.
std::string file_system_of(const std::string& path);

}  // namespace husk::compare
