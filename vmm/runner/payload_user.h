// Who the payload is, as far as the image knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vmm/container_spec.h"

namespace husk::runner {

struct PayloadUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary ones
};

// What the spec says, or, if that has only names, what the image's /etc/passwd and /etc/group say. `image` as in
// open_in_root.h. To be called, as the next one, by who may read the files, before the change of user. Throws
// husk::Error for a name that is not there.
PayloadUser find_user(const ContainerSpec& spec, int image);

// The payload's environment with a HOME: its own, or what /etc/passwd of the image says of its user.
std::vector<std::string> environment_with_home(const ContainerSpec& spec, std::uint32_t uid, int image);

}  // namespace husk::runner
