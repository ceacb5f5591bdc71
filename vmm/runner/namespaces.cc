#include "vmm/runner/namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::runner {
namespace {

void write_file(const char* path, const std::string& text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error::from_errno("write", path);
  }
}

}  // namespace

int clone_flags(bool with_user_namespace) {
  const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  return with_user_namespace ? flags | CLONE_NEWUSER : flags;
}

bool needs_user_namespace() {
  return geteuid() != 0;
}

void map_user(const UserMapping& mapping) {
  // user_namespaces(7): a process without CAP_SETGID outside may map its own gid only after giving up setgroups(2).
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map",
             std::to_string(mapping.uid_inside) + " " + std::to_string(mapping.uid_outside) + " 1");
  write_file("/proc/self/gid_map",
             std::to_string(mapping.gid_inside) + " " + std::to_string(mapping.gid_outside) + " 1");
}

void enter_cgroup_namespace() {
  if (unshare(CLONE_NEWCGROUP) != 0) throw Error::from_errno("make", "a cgroup namespace");
}

void set_hostname(const std::string& hostname) {
  if (sethostname(hostname.data(), hostname.size()) != 0) {
    throw Error::from_errno("set", "host name '" + hostname + "'", "at most 64 characters");
  }
}

void bring_up_loopback() {
  // netdevice(7). A new network namespace has a loopback interface that is down; raising it adds 127.0.0.1 and ::1.
  const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (!socket_fd || ioctl(socket_fd.get(), SIOCSIFFLAGS, &request) != 0) {
    throw Error::from_errno("bring up", "the loopback interface");
  }
}

}  // namespace husk::runner
