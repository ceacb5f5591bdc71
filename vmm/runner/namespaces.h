// The namespaces of a container and what has to be said in each of them once (namespaces(7)).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace husk::runner {

struct UserMapping {
  std::uint32_t uid_inside = 0;
  std::uint32_t gid_inside = 0;
  std::uint32_t uid_outside = 0;
  std::uint32_t gid_outside = 0;
};

// CLONE_NEW* flags for clone(2): mount, pid, ipc and uts, and user and net when the caller is not privileged; else the
// network namespace is a SharedNetwork. The cgroup namespace is not among them: its root is the cgroup that the process
// is in when it is made, see enter_cgroup_namespace.
int clone_flags(bool with_user_namespace);

// Whether the caller needs a user namespace to be allowed to make the other namespaces.
bool needs_user_namespace();

// To be called inside, by the process that was cloned.
void map_user(const UserMapping& mapping);
void enter_cgroup_namespace();
void set_hostname(const std::string& hostname);
void bring_up_loopback();

// The payload's network namespace, made by husk while the payload's process mounts file systems. It is the namespace
// that takes longest to make, nearly a third of a start. Husk stays in it: it has no sockets in the network. (In a user
// namespace it cannot be had this way: one that husk makes does not belong to that.)
class SharedNetwork {
 public:
  // By husk, under the rule of sharing_process.h. Also brings up the loopback interface.
  void make();

  // By the payload's process: waits for the namespace and enters it. `husk` is husk's pidfd. Throws.
  void join(int husk);

 private:
  static constexpr int kBeingMade = -1;
  std::atomic<int> error_ = kBeingMade;  // 0: it is there
};

}  // namespace husk::runner
