// One container out of what the user says and of what its image says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmm/config/image_config.h"
#include "vmm/config/values.h"
#include "vmm/container_spec.h"

namespace husk::config {

// What the user asks for and an image has a say in, or that depends on that.
struct Wishes {
  std::vector<std::string> command;              // what follows IMAGE
  std::optional<std::string> entrypoint;         // --entrypoint; empty: none, not even the image's
  std::vector<std::string> environment;          // NAME=VALUE, the last of a name counts: --env-file's before -e's
  std::string terminal_type;                     // TERM of who has asked, for -t; empty: not known
  std::optional<std::string> working_directory;  // -w
  std::optional<User> user;                      // -u
  std::optional<int> stop_signal;                // --stop-signal
  std::vector<TmpfsMount> tmpfs;                 // --tmpfs
  std::vector<ResourceLimit> limits;             // --ulimit
  std::vector<std::string> hosts;                // --add-host: lines
  std::optional<std::string> hostname;           // --hostname
};

// Adds to `spec`, which has what is the host's business (memory, isolation, the limits and signals that are inherited),
// all the rest. Throws husk::Error where the two make no container. Looks at nothing but its arguments.
void merge(const Wishes& wishes, const ImageConfig& image, ContainerSpec& spec);

// The contents of /etc/hosts: the loopback, `lines`, and the container's own name.
std::string hosts_file(const std::vector<std::string>& lines, const std::string& hostname);

}  // namespace husk::config
