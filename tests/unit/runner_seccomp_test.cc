// The seccomp filter of namespaced payloads, executed by a small interpreter of classic BPF: what the kernel would
// decide for a system call and its arguments, without installing the filter.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "vmm/runner/seccomp.h"

namespace husk::runner {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;

// Nothing when the program leaves its bounds or uses an instruction that it should not need.
std::optional<std::uint32_t> run(std::span<const sock_filter> program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& op = program[pc];
    bool taken = false;
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (op.k + 4 > sizeof data) return std::nullopt;
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + op.k, 4);
        continue;
      case BPF_RET | BPF_K:
        return op.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        taken = accumulator == op.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        taken = accumulator >= op.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        taken = accumulator > op.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        taken = (accumulator & op.k) != 0;
        break;
      default:
        return std::nullopt;
    }
    pc += taken ? op.jt : op.jf;
  }
  return std::nullopt;
}

class Filter : public testing::Test {
 protected:
  std::optional<std::uint32_t> verdict(long number, std::uint64_t first = 0, std::uint64_t second = 0) const {
    seccomp_data data{};
    data.arch = AUDIT_ARCH_X86_64;
    data.nr = static_cast<int>(number);
    data.args[0] = first;
    data.args[1] = second;
    return run(program_, data);
  }

  const std::span<const sock_filter> program_ = default_filter();
};

TEST_F(Filter, EveryNumberGetsAVerdict) {
  for (long number = -1; number < 1000; ++number) EXPECT_TRUE(verdict(number).has_value()) << number;
  EXPECT_TRUE(verdict(0x4000'0000 | SYS_read).has_value());
}

TEST_F(Filter, AllowsWhatProgramsNeed) {
  for (const long number :
       {SYS_read, SYS_write, SYS_openat, SYS_execve, SYS_mmap, SYS_futex, SYS_exit_group, SYS_fork, SYS_vfork,
        SYS_epoll_wait, SYS_bind, SYS_chroot, SYS_faccessat2, SYS_statx, SYS_clock_gettime}) {
    EXPECT_EQ(verdict(number), kAllow) << number;
  }
}

TEST_F(Filter, RefusesWhatChangesTheMachine) {
  for (const long number : {SYS_mount,
                            SYS_umount2,
                            SYS_pivot_root,
                            SYS_unshare,
                            SYS_setns,
                            SYS_reboot,
                            SYS_init_module,
                            SYS_finit_module,
                            SYS_kexec_load,
                            SYS_bpf,
                            SYS_perf_event_open,
                            SYS_swapon,
                            SYS_settimeofday,
                            SYS_keyctl,
                            SYS_add_key,
                            SYS_userfaultfd,
                            SYS_open_by_handle_at,
                            SYS_io_uring_setup,
                            SYS_acct,
                            SYS_iopl,
                            SYS_ioperm,
                            SYS_sethostname,
                            SYS_fsopen,
                            SYS_move_mount,
                            SYS_pidfd_getfd,
                            SYS_get_mempolicy,
                            SYS_syslog}) {
    EXPECT_EQ(verdict(number), kNotPermitted) << number;
  }
}

TEST_F(Filter, NewCallsAndClone3DoNotExist) {
  EXPECT_EQ(verdict(SYS_clone3), kNoSuchCall);
  EXPECT_EQ(verdict(600), kNoSuchCall);
  EXPECT_EQ(verdict(0x4000'0000 | SYS_read), kNoSuchCall);  // x32
}

TEST_F(Filter, OtherArchitecturesHaveNoCalls) {
  seccomp_data data{};
  data.arch = AUDIT_ARCH_I386;
  data.nr = 4;  // write
  EXPECT_EQ(run(program_, data), kNoSuchCall);
}

TEST_F(Filter, CloneMakesThreadsButNoNamespaces) {
  EXPECT_EQ(verdict(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD), kAllow);
  for (const std::uint64_t flag :
       {CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    EXPECT_EQ(verdict(SYS_clone, flag), kNotPermitted) << flag;
  }
}

TEST_F(Filter, LooksAtArguments) {
  EXPECT_EQ(verdict(SYS_socket, AF_INET), kAllow);
  for (const int family : {AF_UNIX, AF_INET6, AF_NETLINK, AF_PACKET, AF_BLUETOOTH, AF_XDP}) {
    EXPECT_EQ(verdict(SYS_socket, static_cast<std::uint64_t>(family)), kAllow) << family;
  }
  for (const int family :
       {AF_VSOCK, AF_ALG, AF_DECnet, AF_ECONET, AF_ATMSVC, AF_IRDA, AF_WANPIPE, AF_ISDN, AF_CAIF, AF_MAX, -1}) {
    EXPECT_EQ(verdict(SYS_socket, static_cast<std::uint64_t>(family)), kNotPermitted) << family;
  }
  EXPECT_EQ(verdict(SYS_ioctl, 0, TCGETS), kAllow);
  EXPECT_EQ(verdict(SYS_ioctl, 0, TIOCSTI), kNotPermitted);
  EXPECT_EQ(verdict(SYS_ioctl, 0, (std::uint64_t{1} << 32) | TIOCSTI), kNotPermitted);  // the kernel cuts it to 32 bits
  EXPECT_EQ(verdict(SYS_personality, 0), kAllow);
  EXPECT_EQ(verdict(SYS_personality, 0xffff'ffff), kAllow);
  EXPECT_EQ(verdict(SYS_personality, 0x004'0000), kNotPermitted);  // ADDR_NO_RANDOMIZE
}

TEST_F(Filter, SignalsToProcessOneGoToTheListener) {
  for (const long number : {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
    EXPECT_EQ(verdict(number, 1), static_cast<std::uint32_t>(SECCOMP_RET_USER_NOTIF)) << number;
    EXPECT_EQ(verdict(number, 2), kAllow) << number;
    EXPECT_EQ(verdict(number, static_cast<std::uint64_t>(-1)), kAllow) << number;
    EXPECT_EQ(verdict(number, 0), number == SYS_kill ? static_cast<std::uint32_t>(SECCOMP_RET_USER_NOTIF) : kAllow);
  }
}

}  // namespace
}  // namespace husk::runner
