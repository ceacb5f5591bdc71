// HOME for a payload that nobody has given one.
#pragma once

#include <string>
#include <vector>

#include "vmm/container_spec.h"

namespace husk::runner {

// The payload's environment with a HOME: its own, or what /etc/passwd of the image says of its user. `image` as in
// open_in_root.h. To be called by who may read the file, before the change of user.
std::vector<std::string> environment_with_home(const ContainerSpec& spec, int image);

}  // namespace husk::runner
