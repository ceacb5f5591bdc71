#include "vmm/runner/namespaces.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "common/bare_call.h"
#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::runner {
namespace {

using bare::address;
using bare::system_call;

void write_file(const char* path, const std::string& text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error::from_errno("write", path);
  }
}

constexpr char kLoopback[] = "the loopback interface";

[[noreturn]] void throw_error(int error, const char* operation, const char* object) {
  errno = error;
  throw Error::from_errno(operation, object);
}

// netdevice(7). A new network namespace has a loopback interface that is down; raising it adds 127.0.0.1 and ::1.
// Without errno, and returns what the kernel does.
long raise_loopback() {
  const long socket = system_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC);
  if (socket < 0) return socket;
  const ifreq request{.ifr_ifrn = {.ifrn_name = "lo"}, .ifr_ifru = {.ifru_flags = IFF_UP}};
  const long result = system_call(SYS_ioctl, socket, SIOCSIFFLAGS, address(&request));
  system_call(SYS_close, socket);
  return result;
}

}  // namespace

int clone_flags(bool with_user_namespace) {
  const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  return with_user_namespace ? flags | CLONE_NEWUSER | CLONE_NEWNET : flags;
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
  if (const long result = raise_loopback(); result < 0) throw_error(static_cast<int>(-result), "bring up", kLoopback);
}

void SharedNetwork::make() {
  long result = system_call(SYS_unshare, CLONE_NEWNET);
  if (result == 0) result = raise_loopback();
  error_ = static_cast<int>(-result);
  system_call(SYS_futex, address(&error_), FUTEX_WAKE_PRIVATE, 1);
}

void SharedNetwork::join(int husk) {
  while (error_ == kBeingMade) system_call(SYS_futex, address(&error_), FUTEX_WAIT_PRIVATE, kBeingMade);
  if (const int error = error_) throw_error(error, "make", "a network namespace");
  if (setns(husk, CLONE_NEWNET) != 0) throw Error::from_errno("enter", "the network namespace");
}

}  // namespace husk::runner
