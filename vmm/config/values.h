// The values of `husk run`'s options, as docker takes them. Each function throws husk::Error, one line that says which
// option and what is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/container_spec.h"
#include "vmm/resource_limit.h"

namespace husk::config {

// --user NAME|UID[:GROUP|GID]. Of two numbers the image need not be asked; else `name` is the whole text.
struct User {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
User parse_user(const std::string& text);

// --tmpfs PATH[:OPTIONS]. Not at /, /proc, /sys or /dev, but for /dev/shm. nosuid, nodev and noexec without options, as
// docker has it.
TmpfsMount parse_tmpfs(const std::string& text);

// An absolute path without "." and "..", double slashes and a slash at its end; nothing for any other path.
std::optional<std::string> clean_path(std::string_view path);

// --add-host NAME:ADDRESS, or NAME=ADDRESS; an IPv6 address may stand in brackets. A line of hosts(5).
std::string parse_host(const std::string& text);

// --ulimit NAME=SOFT[:HARD], in units of setrlimit(2); -1 is no limit.
ResourceLimit parse_limit(const std::string& text);

std::string limit_name(std::uint64_t resource);

// --stop-signal: a number, or a name with or without SIG.
int parse_signal(const std::string& text);

// --name: docker's rule for the names of containers.
void check_name(const std::string& name);

void check_hostname(const std::string& name);

}  // namespace husk::config
