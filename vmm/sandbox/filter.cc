#include "vmm/sandbox/filter.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vmm/error.h"
#include "vmm/kvm/api.h"

namespace husk::sandbox {
namespace {

// Allowed with any arguments: they act on descriptors that are open already, on memory, on time, on this process.
constexpr std::array kAllowed{
    // streams
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_lseek,
    SYS_close,
    SYS_fstat,
    SYS_sendmsg,
    SYS_sendto,
    SYS_recvmsg,
    SYS_recvfrom,
    // waiting
    SYS_poll,
    SYS_ppoll,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_wait,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_futex,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_restart_syscall,
    SYS_sched_yield,
    // memory that is there, or goes away
    SYS_brk,
    SYS_munmap,
    SYS_madvise,
    SYS_mremap,
    // time and randomness
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_getrandom,
    // signals and threads
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_timer_settime,  // of the one timer that there is: how long a signal waits (vmm/machine/signal_forwarder.h)
    SYS_sigaltstack,
    SYS_tgkill,
    SYS_gettid,
    SYS_getpid,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_getaffinity,
    SYS_exit,
    SYS_exit_group,
};

// The ioctls of a running machine and of a terminal, KVM_RUN first. Not KVM_SET_USER_MEMORY_REGION or anything else
// that changes what the guest is given.
constexpr std::array<std::uint32_t, 8> kAllowedIoctls{
    KVM_RUN, KVM_SIGNAL_MSI, static_cast<std::uint32_t>(KVM_GET_REGS), TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ};

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitecture = offsetof(seccomp_data, arch);
constexpr std::uint32_t argument(unsigned index) {  // its low half; x86 is little-endian
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

using Program = std::vector<sock_filter>;

constexpr sock_filter load(std::uint32_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
constexpr sock_filter result(std::uint32_t value) {
  return BPF_STMT(BPF_RET | BPF_K, value);
}
// Skips `count` instructions unless the accumulator equals `value`.
constexpr sock_filter unless_equal_skip(std::uint32_t value, std::uint8_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}

// What happens to one system call: a program that ends with a result on every path.
struct Rule {
  std::uint32_t number;
  Program program;
};

constexpr Program allow() {
  return {result(SECCOMP_RET_ALLOW)};
}

constexpr Program allow_if_argument_is_one_of(unsigned index, std::span<const std::uint32_t> values) {
  Program program{load(argument(index))};
  for (const std::uint32_t value : values) {
    program.push_back(unless_equal_skip(value, 1));
    program.push_back(result(SECCOMP_RET_ALLOW));
  }
  program.push_back(result(SECCOMP_RET_TRAP));
  return program;
}

// Allowed if (argument & mask) == wanted.
constexpr Program allow_if_masked(unsigned index, std::uint32_t mask, std::uint32_t wanted) {
  return {load(argument(index)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask), unless_equal_skip(wanted, 1),
          result(SECCOMP_RET_ALLOW), result(SECCOMP_RET_TRAP)};
}

// A binary search over the sorted rules, with the number in the accumulator. The kernel runs the filter once for every
// system call number there is when it is installed (to cache the answers), so its depth is start-up time.
constexpr Program search(std::span<const Rule> rules) {
  if (rules.size() == 1) {
    const Rule& rule = rules.front();
    Program program{unless_equal_skip(rule.number, static_cast<std::uint8_t>(rule.program.size()))};
    program.insert(program.end(), rule.program.begin(), rule.program.end());
    program.push_back(result(SECCOMP_RET_TRAP));
    return program;
  }
  const std::size_t middle = rules.size() / 2;
  const Program low = search(rules.first(middle));
  const Program high = search(rules.subspan(middle));
  // Conditional jumps reach 255 instructions.
  if (low.size() > 255) throw Error("build", "the VMM's system call filter", "it is too long");  // while compiling
  Program program{BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, rules[middle].number, static_cast<std::uint8_t>(low.size()), 0)};
  program.insert(program.end(), low.begin(), low.end());
  program.insert(program.end(), high.begin(), high.end());
  return program;
}

constexpr Program make_filter() {
  std::vector<Rule> rules;
  for (const long number : kAllowed) rules.push_back({static_cast<std::uint32_t>(number), allow()});
  rules.push_back({SYS_ioctl, allow_if_argument_is_one_of(1, kAllowedIoctls)});
  // No memory that is executable.
  rules.push_back({SYS_mmap, allow_if_masked(2, PROT_EXEC, 0)});
  rules.push_back({SYS_mprotect, allow_if_masked(2, PROT_EXEC, 0)});
  // Threads, no processes. The flags of clone3 lie in memory, where a filter cannot look; without it glibc takes clone.
  rules.push_back({SYS_clone, allow_if_masked(0, CLONE_THREAD, CLONE_THREAD)});
  rules.push_back({SYS_clone3, {result(SECCOMP_RET_ERRNO | ENOSYS)}});
  // glibc's fstat(2) is newfstatat(2) with AT_EMPTY_PATH; a stat of paths is of no use to a running machine.
  rules.push_back({SYS_newfstatat, allow_if_masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH)});
  std::ranges::sort(rules, {}, &Rule::number);

  // The numbers are those of x86-64; a process can make calls of other ABIs as well (x32 shows as a number with bit 30
  // set, which is in no rule).
  Program program{load(kArchitecture), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
                  result(SECCOMP_RET_KILL_PROCESS), load(kNumber)};
  const Program tree = search(rules);
  program.insert(program.end(), tree.begin(), tree.end());
  return program;
}

// Made by the compiler: start-up does not pay for it.
constexpr auto kFilter = [] {
  std::array<sock_filter, make_filter().size()> filter{};
  std::ranges::copy(make_filter(), filter.begin());
  return filter;
}();

}  // namespace

std::span<const sock_filter> filter() {
  return kFilter;
}

void install_filter() {
  // The kernel only reads the program; the type has no const for it.
  const sock_fprog program{.len = kFilter.size(), .filter = const_cast<sock_filter*>(kFilter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    throw Error::from_errno("install", "the VMM's system call filter",
                            "husk needs a kernel with CONFIG_SECCOMP_FILTER");
  }
}

}  // namespace husk::sandbox
