// Ways to other processes, to other users and to other namespaces.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/attacks/attack.h"

namespace attacks {
namespace {

// Numbers of the host's processes mean nothing in another pid namespace: what is found must not be the host's.
Result see_processes(const Host& host) {
  for (const int process : host.processes) {
    const std::string line = read_file("/proc/" + std::to_string(process) + "/cmdline");
    if (line.find("husk") != std::string::npos) return done("process " + std::to_string(process) + " is husk's");
  }
  return contained("no process of husk's");
}

Result signal_processes(const Host& host) {
  for (const int process : host.processes) {
    if (kill(process, SIGUSR1) == 0) return done("signalled " + std::to_string(process));
    const long pidfd = syscall(SYS_pidfd_open, process, 0);
    if (pidfd >= 0) return done("has a pidfd of " + std::to_string(process));
  }
  return refused();
}

Result trace_processes(const Host& host) {
  for (const int process : host.processes) {
    if (ptrace(PTRACE_SEIZE, process, nullptr, nullptr) == 0) return done("traces " + std::to_string(process));
    char buffer[16];
    const iovec local{buffer, sizeof buffer};
    const iovec remote{reinterpret_cast<void*>(0x400000), sizeof buffer};
    if (process_vm_readv(process, &local, 1, &remote, 1, 0) > 0)
      return done("read memory of " + std::to_string(process));
  }
  return refused();
}

// The environment that husk was started with is not the payload's.
Result read_environments(const Host& host) {
  for (const char* process : {"1", "self", "thread-self"}) {
    if (read_file(std::string("/proc/") + process + "/environ").find(host.variable) != std::string::npos) {
      return done(std::string("found it in the environment of ") + process);
    }
  }
  return contained("not in the environment of any process");
}

// Memory that husk had is not in the payload's process: process 1 shared it with husk until it executed the payload.
Result map_of_process_1(const Host& host) {
  const std::string maps = read_file("/proc/1/maps");
  if (maps.find("husk") != std::string::npos) return done("husk is mapped in process 1");
  if (maps.find(host.variable) != std::string::npos) return done("the secret is in the maps");
  return contained("nothing of husk's");
}

Result new_namespaces(const Host&) {
  for (const int flag :
       {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWUTS}) {
    if (unshare(flag) == 0) return done("unshare " + std::to_string(flag));
    const long child = syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child > 0) return done("clone " + std::to_string(flag));
  }
  return refused();
}

Result new_namespaces_by_clone3(const Host&) {
  struct {
    unsigned long flags = CLONE_NEWUSER, pidfd = 0, child_tid = 0, parent_tid = 0, exit_signal = SIGCHLD, stack = 0,
                  stack_size = 0, tls = 0;
  } arguments;
  const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(0);
  return child > 0 ? done("clone3") : refused();
}

Result enter_namespaces(const Host& host) {
  for (const char* name : {"mnt", "pid", "net", "user", "ipc", "uts", "cgroup"}) {
    for (const int process : host.processes) {
      const int descriptor = open(("/proc/" + std::to_string(process) + "/ns/" + name).c_str(), O_RDONLY);
      if (descriptor >= 0 && setns(descriptor, 0) == 0) return done(std::string("entered ") + name);
    }
    const int own = open((std::string("/proc/1/ns/") + name).c_str(), O_RDONLY);
    if (own >= 0 && setns(own, 0) == 0) return done(std::string("setns of ") + name);
  }
  return refused();
}

Result gain_capabilities(const Host&) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return refused();
  for (__user_cap_data_struct& word : data) word.effective = word.permitted = word.inheritable = 0xffffffff;
  data[1].effective = data[1].permitted = data[1].inheritable = 0x1ff;
  return syscall(SYS_capset, &header, data) == 0 ? done("all capabilities") : refused();
}

Result become_root(const Host&) {
  if (getuid() == 0) return contained("is root of the container anyway");
  return setuid(0) == 0 || setresuid(0, 0, 0) == 0 ? done("is root now") : refused();
}

// A program with the set-user-id bit: only root can make one here, so another user tries to run it.
Result set_user_id_program(const Host&) {
  if (getuid() != 0) return contained("no such program in the image");
  mkdir("/tmp", 0777);
  const std::string self = read_file("/proc/self/exe");
  const int copy = open("/tmp/suid", O_WRONLY | O_CREAT | O_TRUNC, 0755);
  if (copy < 0 || write(copy, self.data(), self.size()) != static_cast<ssize_t>(self.size())) return refused();
  close(copy);
  if (chmod("/tmp/suid", 04755) != 0) return refused();
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? contained("no_new_privs") : done("no_new_privs is not set");
}

// Filters can be added, never taken away.
Result leave_seccomp(const Host&) {
  if (prctl(PR_SET_SECCOMP, 0, 0, 0, 0) == 0) return done("without a filter");
  return refused();
}

}  // namespace

std::vector<Attack> attacks_on_processes() {
  return {{"see-processes", see_processes},
          {"signal-processes", signal_processes},
          {"trace-processes", trace_processes},
          {"environments", read_environments},
          {"memory-of-process-1", map_of_process_1},
          {"new-namespaces", new_namespaces},
          {"new-namespaces-clone3", new_namespaces_by_clone3},
          {"enter-namespaces", enter_namespaces},
          {"capabilities", gain_capabilities},
          {"become-root", become_root},
          {"set-user-id", set_user_id_program},
          {"leave-seccomp", leave_seccomp}};
}

}  // namespace attacks
