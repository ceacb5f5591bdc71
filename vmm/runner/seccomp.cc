#include "vmm/runner/seccomp.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "vmm/error.h"
#include "vmm/filter_program.h"
#include "vmm/runner/seccomp_profile.h"

namespace husk::runner {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;

// SYS_set_mempolicy_home_node in Linux 6.1 is the highest number that the profile was written against.
constexpr std::uint32_t kHighestKnown = 450;

using filter_program::argument;
using filter_program::jump;
using filter_program::load;
using filter_program::Program;
using filter_program::Range;
using filter_program::result;

constexpr Program verdict(std::uint32_t action) {
  return {result(action)};
}

// Calls whose arguments decide.
constexpr std::vector<Range> conditional_calls() {
  std::vector<Range> calls;
  const auto add = [&calls](long number, Program program) {
    calls.push_back({static_cast<std::uint32_t>(number), std::move(program)});
  };
  // What Docker allows to a container without CAP_SYS_ADMIN: new processes and threads, no new namespaces.
  constexpr std::uint32_t kNamespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  add(SYS_clone, {load(argument(0)), jump(BPF_JSET, kNamespaces, 0, 1), result(kNotPermitted), result(kAllow)});
  add(SYS_clone3, verdict(kNoSuchCall));
  // personality(2): PER_LINUX, PER_LINUX32, both with UNAME26, and the query.
  add(SYS_personality,
      {load(argument(0)), jump(BPF_JEQ, 0, 4, 0), jump(BPF_JEQ, 0x8, 3, 0), jump(BPF_JEQ, 0x2'0000, 2, 0),
       jump(BPF_JEQ, 0x2'0008, 1, 0), jump(BPF_JEQ, 0xffff'ffff, 0, 1), result(kAllow), result(kNotPermitted)});
  // A vsock reaches the hypervisor, past the network namespace. AF_ALG is a way to much kernel code that no namespace
  // confines. The others are families of which the kernel has little left, and those that are newer than this list.
  constexpr std::uint32_t kFirstUnknownFamily = 46;
  add(SYS_socket, {load(argument(0)), jump(BPF_JGE, kFirstUnknownFamily, 9, 0), jump(BPF_JEQ, AF_VSOCK, 8, 0),
                   jump(BPF_JEQ, AF_ALG, 7, 0), jump(BPF_JEQ, AF_DECnet, 6, 0), jump(BPF_JEQ, AF_ECONET, 5, 0),
                   jump(BPF_JEQ, AF_ATMSVC, 4, 0), jump(BPF_JEQ, AF_IRDA, 3, 0), jump(BPF_JEQ, AF_WANPIPE, 2, 0),
                   jump(BPF_JEQ, AF_ISDN, 1, 0), jump(BPF_JEQ, AF_CAIF, 0, 1), result(kNotPermitted), result(kAllow)});
  // Typing into the terminal that the payload shares with the caller's shell (ioctl_tty(2)).
  constexpr std::uint32_t kTiocLinux = 0x541c;
  add(SYS_ioctl, {load(argument(1)), jump(BPF_JEQ, TIOCSTI, 1, 0), jump(BPF_JEQ, kTiocLinux, 0, 1),
                  result(kNotPermitted), result(kAllow)});
  // Process 1, and 0, which is the caller's process group: process 1 may be in it.
  add(SYS_kill, {load(argument(0)), jump(BPF_JGT, 1, 1, 0), result(SECCOMP_RET_USER_NOTIF), result(kAllow)});
  // The first argument of all of these is the process (or thread, which has the same number) that is signalled.
  for (const long call : {SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
    add(call, {load(argument(0)), jump(BPF_JEQ, 1, 0, 1), result(SECCOMP_RET_USER_NOTIF), result(kAllow)});
  }
  return calls;
}

constexpr Program make_filter() {
  std::vector<Range> calls = conditional_calls();
  for (const long call : kAllowedCalls) calls.push_back({static_cast<std::uint32_t>(call), verdict(kAllow)});
  std::vector<Range> ranges = filter_program::ranges_of(std::move(calls), kNotPermitted);
  static_assert(filter_program::kX32Bit > kHighestKnown);
  ranges.push_back({kHighestKnown + 1, verdict(kNoSuchCall)});
  // 32-bit programs have other numbers for the same calls: husk runs x86-64 only.
  return filter_program::make_filter(ranges, kNoSuchCall);
}

}  // namespace

std::span<const sock_filter> default_filter() {
  return filter_program::kConstant<make_filter>;
}

UniqueFd install_filter(std::span<const sock_filter> filter) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw Error::from_errno("set", "no_new_privs");
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) throw Error::from_errno("install", "seccomp filter");
  return UniqueFd(static_cast<int>(listener));
}

}  // namespace husk::runner
