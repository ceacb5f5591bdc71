#include "vmm/runner/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "vmm/error.h"
#include "vmm/runner/seccomp_profile.h"

namespace husk::runner {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;

// Calls from x32 programs carry this bit on top of the number (asm/unistd.h, __X32_SYSCALL_BIT).
constexpr std::uint32_t kX32Bit = 0x4000'0000;

// SYS_set_mempolicy_home_node in Linux 6.1 is the highest number that the profile was written against.
constexpr std::uint32_t kHighestKnown = 450;

sock_filter statement(unsigned code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}

sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

// The low half of an argument: all that is tested here are ints in the kernel. x86 is little-endian.
sock_filter load_argument(std::size_t index) {
  return load(offsetof(seccomp_data, args) + 8 * index);
}

sock_filter verdict(std::uint32_t action) {
  return statement(BPF_RET | BPF_K, action);
}

sock_filter jump(unsigned comparison, std::uint32_t k, std::size_t if_true, std::size_t if_false) {
  return {static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), static_cast<std::uint8_t>(if_true),
          static_cast<std::uint8_t>(if_false), k};
}

using Program = std::vector<sock_filter>;

// Appends: if the call's number is `number`, run `body`, all of whose paths end in a verdict. The accumulator holds the
// number before and, where the number is another one, after.
void add_case(Program& program, long number, std::initializer_list<sock_filter> body) {
  program.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(number), 0, body.size()));
  program.insert(program.end(), body);
}

void add_conditional_calls(Program& program) {
  // What Docker allows to a container without CAP_SYS_ADMIN: new processes and threads, no new namespaces.
  constexpr std::uint32_t kNamespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  add_case(program, SYS_clone,
           {load_argument(0), jump(BPF_JSET, kNamespaces, 0, 1), verdict(kNotPermitted), verdict(kAllow)});
  add_case(program, SYS_clone3, {verdict(kNoSuchCall)});
  // personality(2): PER_LINUX, PER_LINUX32, both with UNAME26, and the query.
  add_case(program, SYS_personality,
           {load_argument(0), jump(BPF_JEQ, 0, 4, 0), jump(BPF_JEQ, 0x8, 3, 0), jump(BPF_JEQ, 0x2'0000, 2, 0),
            jump(BPF_JEQ, 0x2'0008, 1, 0), jump(BPF_JEQ, 0xffff'ffff, 0, 1), verdict(kAllow), verdict(kNotPermitted)});
  // A vsock reaches the hypervisor, past the network namespace. AF_ALG is a way to much kernel code that no namespace
  // confines. The others are families of which the kernel has little left, and those that are newer than this list.
  constexpr std::uint32_t kFirstUnknownFamily = 46;
  add_case(program, SYS_socket,
           {load_argument(0), jump(BPF_JGE, kFirstUnknownFamily, 9, 0), jump(BPF_JEQ, AF_VSOCK, 8, 0),
            jump(BPF_JEQ, AF_ALG, 7, 0), jump(BPF_JEQ, AF_DECnet, 6, 0), jump(BPF_JEQ, AF_ECONET, 5, 0),
            jump(BPF_JEQ, AF_ATMSVC, 4, 0), jump(BPF_JEQ, AF_IRDA, 3, 0), jump(BPF_JEQ, AF_WANPIPE, 2, 0),
            jump(BPF_JEQ, AF_ISDN, 1, 0), jump(BPF_JEQ, AF_CAIF, 0, 1), verdict(kNotPermitted), verdict(kAllow)});
  // Typing into the terminal that the payload shares with the caller's shell (ioctl_tty(2)).
  constexpr std::uint32_t kTiocLinux = 0x541c;
  add_case(program, SYS_ioctl,
           {load_argument(1), jump(BPF_JEQ, TIOCSTI, 1, 0), jump(BPF_JEQ, kTiocLinux, 0, 1), verdict(kNotPermitted),
            verdict(kAllow)});
  // Process 1, and 0, which is the caller's process group, whoever is in it.
  add_case(program, SYS_kill,
           {load_argument(0), jump(BPF_JGT, 1, 1, 0), verdict(SECCOMP_RET_USER_NOTIF), verdict(kAllow)});
  // The first argument of all of these is the process (or thread, which has the same number) that is signalled.
  for (const long call : {SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
    add_case(program, call,
             {load_argument(0), jump(BPF_JEQ, 1, 0, 1), verdict(SECCOMP_RET_USER_NOTIF), verdict(kAllow)});
  }
}

// A decision tree over the numbers in [0, kHighestKnown + 1], of which those from borders[i] up to the next border have
// the same verdict, and verdicts alternate between "not permitted" and "allowed" from border to border.
void add_tree(Program& program, const std::vector<std::uint32_t>& borders, std::size_t first, std::size_t last) {
  if (first == last) {
    program.push_back(verdict(first % 2 == 0 ? kNotPermitted : kAllow));
    return;
  }
  const std::size_t middle = first + (last - first) / 2;
  const std::size_t branch = program.size();
  program.push_back({});
  add_tree(program, borders, first, middle);
  const std::size_t left_size = program.size() - branch - 1;
  if (left_size > 255) throw Error("build", "seccomp filter", "a jump is too far for classic BPF");
  program[branch] = jump(BPF_JGE, borders[middle], left_size, 0);
  add_tree(program, borders, middle + 1, last);
}

}  // namespace

std::vector<sock_filter> default_filter() {
  Program program;
  program.reserve(512);
  // 32-bit programs have other numbers for the same calls: husk runs x86-64 only.
  program.push_back(load(offsetof(seccomp_data, arch)));
  program.push_back(jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0));
  program.push_back(verdict(kNoSuchCall));
  program.push_back(load(offsetof(seccomp_data, nr)));
  static_assert(kX32Bit > kHighestKnown);
  program.push_back(jump(BPF_JGT, kHighestKnown, 0, 1));
  program.push_back(verdict(kNoSuchCall));
  add_conditional_calls(program);

  std::bitset<kHighestKnown + 1> allowed;
  for (const long call : kAllowedCalls) allowed.set(static_cast<std::size_t>(call));
  std::vector<std::uint32_t> borders;
  bool previous = false;
  for (std::uint32_t number = 0; number <= kHighestKnown; ++number) {
    if (allowed[number] != previous) borders.push_back(number);
    previous = allowed[number];
  }
  add_tree(program, borders, 0, borders.size());
  return program;
}

UniqueFd install_filter(const std::vector<sock_filter>& filter) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw Error::from_errno("set", "no_new_privs");
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) throw Error::from_errno("install", "seccomp filter");
  return UniqueFd(static_cast<int>(listener));
}

}  // namespace husk::runner
