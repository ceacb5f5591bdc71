#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>

#include "tests/runc_parity/probe.h"

namespace husk::probe {
namespace {

constexpr long kLastNumber = 470;

// In a child of its own, since a call may end it, stop it, or wait for ever. The child hands its result back as what it
// writes to a pipe: its exit status is the call's to choose.
std::string in_child(const std::function<std::string()>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return "no pipe";
  // Whatever the child may become (a session leader, a process in another namespace): its parent ends it.
  const pid_t child = fork();
  if (child == 0) {
    const std::string result = body();
    if (write(ends[1], result.data(), result.size()) < 0) _exit(2);
    _exit(0);
  }
  close(ends[1]);
  std::string result;
  int status = 0;
  constexpr int kPatience = 300;  // times 10 ms: far more than any of these calls takes that does not wait
  for (int turn = 0;; ++turn) {
    const pid_t ended = waitpid(child, &status, WNOHANG | WUNTRACED);
    if (ended == child && !WIFSTOPPED(status)) break;
    if (ended == child || turn == kPatience) {
      result = ended == child ? "stops" : "waits";
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    usleep(turn < 20 ? 200 : 10'000);
  }
  char text[64];
  const ssize_t length = read(ends[0], text, sizeof text);
  close(ends[0]);
  if (length > 0) return std::string(text, static_cast<std::size_t>(length));
  if (!result.empty()) return result;
  return WIFSIGNALED(status) ? std::string("signal ") + sigabbrev_np(WTERMSIG(status)) : "ends";
}

std::string call(long number) {
  // -1 six times is a wrong descriptor, address, size and flag for nearly every call: the kernel looks and refuses.
  // Those that take no argument do what they do to this one process.
  return in_child([number] {
    switch (number) {
      case SYS_fork: {
        const long pid = syscall(SYS_fork);
        if (pid == 0) _exit(0);
        return outcome(pid);
      }
      default:
        return outcome(syscall(number, -1L, -1L, -1L, -1L, -1L, -1L));
    }
  });
}

std::string reason_to_skip(long number) {
  if (number == SYS_vfork) return "skipped: the child would return on its parent's stack";
  if (number == SYS_pause) return "skipped: waits for ever where it is allowed";
  return {};
}

void say_call(const std::string& what, const std::function<long()>& body) {
  say("call", what, in_child([&] { return outcome(body()); }));
}

void calls_with_arguments() {
  const auto unshare_with = [](unsigned long flag) { return [flag] { return syscall(SYS_unshare, flag); }; };
  say_call("unshare CLONE_NEWUSER", unshare_with(CLONE_NEWUSER));
  say_call("unshare CLONE_NEWNS", unshare_with(CLONE_NEWNS));
  say_call("unshare CLONE_NEWNET", unshare_with(CLONE_NEWNET));
  say_call("unshare CLONE_FS", unshare_with(CLONE_FS));
  say_call("clone CLONE_NEWUSER", [] {
    const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    return pid;
  });
  say_call("mount tmpfs", [] { return syscall(SYS_mount, "probe", "/dev/shm", "tmpfs", 0, nullptr); });
  say_call("remount /proc/sys rw",
           [] { return syscall(SYS_mount, nullptr, "/proc/sys", nullptr, MS_REMOUNT | MS_BIND, nullptr); });
  say_call("umount /proc/keys", [] { return syscall(SYS_umount2, "/proc/keys", MNT_DETACH); });
  say_call("open_tree clone", [] { return syscall(SYS_open_tree, AT_FDCWD, "/proc", 1); });
  say_call("chroot", [] { return syscall(SYS_chroot, "/dev"); });
  say_call("sethostname", [] { return syscall(SYS_sethostname, "probe", 5); });
  say_call("ptrace PTRACE_TRACEME", [] { return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); });
  say_call("personality ADDR_NO_RANDOMIZE", [] { return syscall(SYS_personality, ADDR_NO_RANDOMIZE); });
  say_call("personality PER_LINUX", [] { return syscall(SYS_personality, PER_LINUX); });
  say_call("ioctl TIOCSTI", [] { return syscall(SYS_ioctl, 0, TIOCSTI, "x"); });
  say_call("keyctl join a session", [] { return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); });
  say_call("add_key", [] { return syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_PROCESS_KEYRING); });
  say_call("bpf map", [] {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = attributes.value_size = 4;
    attributes.max_entries = 1;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
  });
  say_call("io_uring_setup", [] {
    char parameters[120] = {};
    return syscall(SYS_io_uring_setup, 1, parameters);
  });
  say_call("userfaultfd", [] { return syscall(SYS_userfaultfd, O_CLOEXEC | 1); });
  say_call("syslog size", [] { return syscall(SYS_syslog, 10, nullptr, 0); });
  say_call("kcmp", [] { return syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0); });
  say_call("prctl PR_CAPBSET_DROP", [] { return syscall(SYS_prctl, 24, 5, 0, 0, 0); });
  say_call("setns of itself", [] {
    const long file = syscall(SYS_openat, AT_FDCWD, "/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    return syscall(SYS_setns, file, 0);
  });
  for (int family = 0; family < AF_MAX; ++family) {
    say_call("socket family " + std::to_string(family),
             [family] { return syscall(SYS_socket, family, SOCK_DGRAM, 0); });
  }
  say_call("socket raw", [] { return syscall(SYS_socket, AF_INET, SOCK_RAW, 1); });
  say_call("socket packet", [] { return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0); });
  say_call("x32 getpid", [] { return syscall(0x40000000 | SYS_getpid); });
}

}  // namespace

// int $0x80 with i386's number for getpid.
void probe_i386_calls() {
  say("call", "i386 getpid", in_child([] {
        long result = 20;
        asm volatile("int $0x80" : "+a"(result) : : "memory");
        result = static_cast<int>(result);
        return result < 0 ? errno_name(static_cast<int>(-result)) : std::string("ok");
      }));
}

void probe_system_calls() {
  fflush(stdout);  // a child must not print what its parent has not yet
  for (long number = 0; number <= kLastNumber; ++number) {
    const std::string skipped = reason_to_skip(number);
    say("system call", std::to_string(number), skipped.empty() ? call(number) : skipped);
    fflush(stdout);
  }
  calls_with_arguments();
  probe_i386_calls();
}

}  // namespace husk::probe
