// Where in a container husk itself has mounted something, which nothing that the user asks for may cover.
#pragma once

#include <string_view>

namespace husk {

// `path` is absolute, without "." and "..": /, /proc, /sys, /dev and what is below those, but for /dev/shm.
constexpr bool is_husks_own(std::string_view path) {
  if (path == "/") return true;
  for (const std::string_view top : {"/proc", "/sys", "/dev"}) {
    if (!path.starts_with(top) || (path.size() > top.size() && path[top.size()] != '/')) continue;
    return path != "/dev/shm";
  }
  return false;
}

}  // namespace husk
