#include "vmm/sandbox/filter.h"

#include <asm/termbits.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "vmm/error.h"
#include "vmm/filter_program.h"
#include "vmm/kvm/api.h"

namespace husk::sandbox {
namespace {

// What stands in the program that the compiler builds where filter() puts a descriptor's number.
constexpr std::uint32_t kVcpuMark = 0xffff'ff01;
constexpr std::uint32_t kVmMark = 0xffff'ff02;
constexpr std::uint32_t kTerminalMark = 0xffff'ff03;
constexpr std::uint32_t kVectorsMark = 0xffff'ff04;
// No descriptor has this number (open(2): they are small and not negative), so a rule for it never applies.
constexpr std::uint32_t kNoDescriptor = 0xffff'ffff;

using filter_program::argument;
using filter_program::load;
using filter_program::Program;
using filter_program::result;
using filter_program::unless_equal_skip;

constexpr Program allow() {
  return {result(SECCOMP_RET_ALLOW)};
}

// Allowed if (argument & mask) == wanted. Arguments that are ints in the kernel: their low halves are all there is.
constexpr Program allow_if_masked(unsigned index, std::uint32_t mask, std::uint32_t wanted) {
  return {load(argument(index)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask), unless_equal_skip(wanted, 1),
          result(SECCOMP_RET_ALLOW), result(SECCOMP_RET_TRAP)};
}

constexpr Program allow_if_either(unsigned index, std::uint32_t one, std::uint32_t other) {  // of an int
  return {load(argument(index)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, one, 1, 0), unless_equal_skip(other, 1),
          result(SECCOMP_RET_ALLOW), result(SECCOMP_RET_TRAP)};
}

constexpr Program allow_if_at_least(unsigned index, std::uint32_t limit) {
  return {load(argument(index)), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, limit, 0, 1), result(SECCOMP_RET_ALLOW),
          result(SECCOMP_RET_TRAP)};
}

constexpr Program allow_if_null(unsigned index) {  // a pointer: both halves count
  return {load(argument(index)),   unless_equal_skip(0, 3),   load(argument(index) + sizeof(std::uint32_t)),
          unless_equal_skip(0, 1), result(SECCOMP_RET_ALLOW), result(SECCOMP_RET_TRAP)};
}

constexpr Program allow_if_minus_one(unsigned index) {  // a file's offset: both halves count
  constexpr std::uint32_t kOnes = ~std::uint32_t{0};
  return {load(argument(index)),       unless_equal_skip(kOnes, 3), load(argument(index) + sizeof(std::uint32_t)),
          unless_equal_skip(kOnes, 1), result(SECCOMP_RET_ALLOW),   result(SECCOMP_RET_TRAP)};
}

constexpr Program allow_if_at_most(unsigned index, std::uint32_t limit) {
  return {load(argument(index)), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, limit, 1, 0), result(SECCOMP_RET_ALLOW),
          result(SECCOMP_RET_TRAP)};
}

constexpr Program allow_all_of(std::initializer_list<Program> conditions) {
  Program program;
  for (const Program& condition : conditions) {
    // Each condition ends with ALLOW, TRAP; ALLOW becomes "skip the TRAP and look at the next condition".
    program.insert(program.end(), condition.begin(), condition.end() - 2);
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, 1));
    program.push_back(result(SECCOMP_RET_TRAP));
  }
  program.push_back(result(SECCOMP_RET_ALLOW));
  return program;
}

// A machine without a terminal, or one whose vector registers are KVM's affair, has a shorter filter without what those need.
struct Uses {
  bool terminal;
  bool vectors;
};

struct Ioctl {
  std::uint32_t command;
  std::initializer_list<std::uint32_t> descriptors;
  bool used = true;
};

// The ioctls of a running machine and of a terminal, KVM_RUN first. Not KVM_SET_USER_MEMORY_REGION or anything else
// that changes what the guest is given. isatty(3) is TCGETS: the log asks it of standard error.
constexpr Program allow_ioctls(Uses uses) {
  const std::initializer_list<Ioctl> ioctls{
      {KVM_RUN, {kVcpuMark}},
      {KVM_SIGNAL_MSI, {kVmMark}},
      {static_cast<std::uint32_t>(KVM_GET_XSAVE), {kVectorsMark}, uses.vectors},
      {static_cast<std::uint32_t>(KVM_SET_XSAVE), {kVectorsMark}, uses.vectors},
      {static_cast<std::uint32_t>(KVM_GET_REGS), {kVcpuMark}},
      {TCGETS, {STDERR_FILENO}, !uses.terminal},
      {TCGETS, {STDERR_FILENO, kTerminalMark}, uses.terminal},
      {TIOCGWINSZ, {STDIN_FILENO, STDOUT_FILENO}, uses.terminal},
      {TCSETS, {kTerminalMark}, uses.terminal},
      {TCSETSW, {kTerminalMark}, uses.terminal},
      {TCSETSF, {kTerminalMark}, uses.terminal},
  };
  Program program{load(argument(1))};
  for (const Ioctl& allowed : ioctls) {
    if (!allowed.used) continue;
    program.push_back(unless_equal_skip(allowed.command, 2 + 2 * allowed.descriptors.size()));
    program.push_back(load(argument(0)));
    for (const std::uint32_t descriptor : allowed.descriptors) {
      program.push_back(unless_equal_skip(descriptor, 1));
      program.push_back(result(SECCOMP_RET_ALLOW));
    }
    program.push_back(result(SECCOMP_RET_TRAP));
  }
  program.push_back(result(SECCOMP_RET_TRAP));
  return program;
}

// What happens to one system call: a program that ends with a result on every path.
struct Rule {
  AllowedCall call;
  Program program;
};

// pthread_create(3)'s, and no other: CLONE_PIDFD, for one, makes a descriptor.
constexpr std::uint32_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                  CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

constexpr std::uint32_t number(long call) {
  return static_cast<std::uint32_t>(call);
}

// Everything that a running machine does, and why. At most 25: a promise (docs/isolation.md), and a test counts.
constexpr std::vector<Rule> allowed_rules(Uses uses) {
  std::vector<Rule> rules;
  const auto add = [&rules](long call, std::string_view purpose) {
    rules.push_back({{number(call), purpose}, allow()});
  };
  const auto add_if = [&rules](long call, std::string_view purpose, std::string_view condition, Program program) {
    rules.push_back({{number(call), purpose, condition}, std::move(program)});
  };
  // The vCPU, interrupts, the terminal.
  add_if(SYS_ioctl, "run the vCPU, raise an interrupt; the terminal's mode and size",
         "`KVM_RUN`, `KVM_GET_REGS` on the vCPU; where KVM emulates the guest kernel's CPL 0 `KVM_GET_XSAVE`, "
         "`KVM_SET_XSAVE`; `KVM_SIGNAL_MSI` on the VM; `TCGETS` on 2; with "
         "-t `TIOCGWINSZ` on 0 and 1, `TCGETS`, `TCSETS`, `TCSETSW`, `TCSETSF` on 0",
         allow_ioctls(uses));
  // Streams: the payload's standard input, output and error, the log, the file of --stats.
  // Each in its direction only: a terminal is open for both, whichever of the three it is.
  add_if(SYS_read, "the event that wakes the I/O thread; KVM's counters (--kvm-stats)", "descriptors above 2",
         allow_if_at_least(0, STDERR_FILENO + 1));
  // What comes before the file's position was the caller's to read, and what lies behind may be the next reader's.
  add_if(SYS_preadv2, "standard input, into the guest's buffers", "descriptor 0, where its position is",
         allow_all_of({allow_if_at_most(0, STDIN_FILENO), allow_if_minus_one(3)}));
  add_if(SYS_write, "standard output and error, the log, --stats, waking the I/O thread", "not descriptor 0",
         allow_if_at_least(0, STDOUT_FILENO));
  add_if(SYS_sendto, "standard output and error that are sockets, without waiting",
         "descriptors 1 and 2, to whom they are connected",
         allow_all_of({allow_if_at_least(0, STDOUT_FILENO), allow_if_at_most(0, STDERR_FILENO), allow_if_null(4)}));
  add(SYS_close, "the end of the machine");
  // Waiting.
  add(SYS_poll, "wait for standard input and output");
  add(SYS_restart_syscall, "poll and futex, after the process was stopped and continued");
  add(SYS_futex, "locks between the vCPU's and the I/O thread");
  // Memory: malloc(3) and thread stacks. None that is executable, none that is a file's.
  add(SYS_brk, "malloc");
  add_if(SYS_mmap, "malloc, a thread's stack", "anonymous, private, not executable",
         allow_all_of(
             {allow_if_masked(2, PROT_EXEC, 0),
              allow_if_masked(3, MAP_ANONYMOUS | MAP_PRIVATE | MAP_SHARED | MAP_FIXED, MAP_ANONYMOUS | MAP_PRIVATE)}));
  add(SYS_munmap, "malloc, a thread's stack, the guest's memory at the end");
  add_if(SYS_mprotect, "malloc, a thread's stack", "not executable", allow_if_masked(2, PROT_EXEC, 0));
  add_if(SYS_madvise, "give memory back; memory for the guest before it uses it",
         "`MADV_DONTNEED`, `MADV_POPULATE_WRITE`", allow_if_either(2, MADV_DONTNEED, MADV_POPULATE_WRITE));
  // Time and randomness.
  add(SYS_clock_gettime,
      "the vCPU thread's processor time (vmm/machine/patience.h); where the vDSO cannot tell the time");
  add(SYS_getrandom, "the guest's random number device");
  // The I/O thread, which starts when it is first needed. clone3 is answered with ENOSYS: its flags lie in memory,
  // where a filter cannot look, and without it glibc takes clone.
  add_if(SYS_clone, "start the I/O thread", "the flags of pthread_create(3): no processes, no namespaces",
         allow_if_masked(0, 0xffff'ffff, kThread));
  add(SYS_set_robust_list, "a thread's start");
  add(SYS_rseq, "a thread's start");
  add(SYS_exit, "a thread's end");
  // Signals.
  add_if(SYS_rt_sigaction, "the first thread's start: libc's own signal", "signal 33 (SIGSETXID)",
         allow_if_masked(0, ~0U, 33));
  add(SYS_rt_sigprocmask, "a thread's start");
  add(SYS_rt_sigreturn, "the end of a signal handler");
  add(SYS_timer_settime, "how long a signal waits for the guest (vmm/machine/signal_forwarder.h)");
  add(SYS_exit_group, "the end");
  return rules;
}

template <bool kTerminal, bool kVectors>
constexpr Program make_filter() {
  std::vector<filter_program::Range> calls{{number(SYS_clone3), {result(SECCOMP_RET_ERRNO | ENOSYS)}}};
  for (Rule& rule : allowed_rules({kTerminal, kVectors})) calls.push_back({rule.call.number, std::move(rule.program)});
  return filter_program::make_filter(filter_program::ranges_of(std::move(calls), SECCOMP_RET_TRAP),
                                     SECCOMP_RET_KILL_PROCESS);
}

// Made by the compiler: start-up does not pay for it.
template <bool kTerminal, bool kVectors>
Program filter_for() {
  constexpr auto& kFilter = filter_program::kConstant<make_filter<kTerminal, kVectors>>;
  return {kFilter.begin(), kFilter.end()};
}

constexpr std::vector<Rule> all_rules() {
  return allowed_rules({.terminal = true, .vectors = true});
}

constexpr std::size_t kAllowedCount = all_rules().size();
constexpr auto kAllowedCalls = [] {
  std::array<AllowedCall, kAllowedCount> calls{};
  std::ranges::transform(all_rules(), calls.begin(), &Rule::call);
  std::ranges::sort(calls, {}, &AllowedCall::number);
  return calls;
}();

}  // namespace

std::span<const AllowedCall> allowed_calls() {
  return kAllowedCalls;
}

std::vector<sock_filter> filter(const FilteredDescriptors& descriptors) {
  Program program = descriptors.terminal >= 0
                        ? descriptors.vectors >= 0 ? filter_for<true, true>() : filter_for<true, false>()
                    : descriptors.vectors >= 0 ? filter_for<false, true>()
                                               : filter_for<false, false>();
  const auto fill_in = [&program](std::uint32_t mark, int descriptor) {
    const std::uint32_t value = descriptor < 0 ? kNoDescriptor : static_cast<std::uint32_t>(descriptor);
    for (sock_filter& instruction : program) {
      if (instruction.code == (BPF_JMP | BPF_JEQ | BPF_K) && instruction.k == mark) instruction.k = value;
    }
  };
  fill_in(kVcpuMark, descriptors.vcpu);
  fill_in(kVmMark, descriptors.vm);
  fill_in(kTerminalMark, descriptors.terminal);
  fill_in(kVectorsMark, descriptors.vectors);
  return program;
}

void install_filter(const FilteredDescriptors& descriptors) {
  Program instructions = filter(descriptors);
  const sock_fprog program{.len = static_cast<unsigned short>(instructions.size()), .filter = instructions.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    throw Error::from_errno("install", "the VMM's system call filter",
                            "husk needs a kernel with CONFIG_SECCOMP_FILTER");
  }
}

}  // namespace husk::sandbox
