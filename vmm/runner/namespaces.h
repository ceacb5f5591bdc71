// The namespaces of a container and what has to be said in each of them once (namespaces(7)).
#pragma once

#include <cstdint>
#include <string>

namespace husk::runner {

struct UserMapping {
  std::uint32_t uid_inside = 0;
  std::uint32_t gid_inside = 0;
  std::uint32_t uid_outside = 0;
  std::uint32_t gid_outside = 0;
};

// CLONE_NEW* flags for clone(2): mount, pid, net, ipc and uts, and user when the caller is not privileged. The cgroup
// namespace is not among them: its root is the cgroup that the process is in when it is made, see
// enter_cgroup_namespace.
int clone_flags(bool with_user_namespace);

// Whether the caller needs a user namespace to be allowed to make the other namespaces.
bool needs_user_namespace();

// To be called inside, by the process that was cloned.
void map_user(const UserMapping& mapping);
void enter_cgroup_namespace();
void set_hostname(const std::string& hostname);
void bring_up_loopback();

}  // namespace husk::runner
