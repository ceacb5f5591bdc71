// What a payload can reach: seccomp filters evaluated without knowing the arguments, and strace's output.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>

#include "tools/compare/isolation/inspect.h"
#include "tools/compare/isolation/observe.h"
#include "tools/compare/isolation/syscall_filter.h"
#include "tools/compare/process.h"

namespace husk::compare {
namespace {

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArgument = offsetof(seccomp_data, args);

sock_filter load(std::uint32_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
sock_filter give(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

Reach reach(const SyscallFilter& filter, std::uint32_t number) {
  return evaluate(std::span(&filter, 1), number);
}

TEST(SyscallFilter, WithoutOneEverythingIsInReach) {
  EXPECT_EQ(evaluate({}, SYS_read), Reach::kAlways);
}

TEST(SyscallFilter, TheNumberDecides) {
  const SyscallFilter filter = {load(kNumber), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 1),
                                give(SECCOMP_RET_ALLOW), give(SECCOMP_RET_ERRNO | 1)};
  EXPECT_EQ(reach(filter, SYS_read), Reach::kAlways);
  EXPECT_EQ(reach(filter, SYS_write), Reach::kNever);
}

TEST(SyscallFilter, ACallThatDependsOnItsArgumentsIsInReachSometimes) {
  const SyscallFilter filter = {load(kArgument), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 1),
                                give(SECCOMP_RET_KILL_PROCESS), give(SECCOMP_RET_ALLOW)};
  EXPECT_EQ(reach(filter, SYS_mmap), Reach::kSometimes);
}

TEST(SyscallFilter, WhatIsNotAllowedOutrightButWatchedIsInReach) {
  for (const std::uint32_t action : {SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF}) {
    EXPECT_EQ(reach({give(action)}, 0), Reach::kAlways);
  }
  for (const std::uint32_t action : {SECCOMP_RET_ERRNO, SECCOMP_RET_TRAP, SECCOMP_RET_KILL_THREAD}) {
    EXPECT_EQ(reach({give(action)}, 0), Reach::kNever);
  }
}

TEST(SyscallFilter, TheStrictestOfSeveralDecides) {
  const SyscallFilter open = {give(SECCOMP_RET_ALLOW)};
  const SyscallFilter closed = {give(SECCOMP_RET_ERRNO)};
  EXPECT_EQ(evaluate(std::vector{open, closed}, 0), Reach::kNever);
  EXPECT_EQ(evaluate(std::vector{open, open}, 0), Reach::kAlways);
}

TEST(SyscallFilter, ArithmeticAndTheIndexRegisterAreFollowed) {
  // X = number; A = 7; A += X; allowed if A == 7 + SYS_close.
  const SyscallFilter filter = {load(kNumber),
                                BPF_STMT(BPF_MISC | BPF_TAX, 0),
                                BPF_STMT(BPF_LD | BPF_IMM, 7),
                                BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
                                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7 + SYS_close, 0, 1),
                                give(SECCOMP_RET_ALLOW),
                                give(SECCOMP_RET_ERRNO)};
  EXPECT_EQ(reach(filter, SYS_close), Reach::kAlways);
  EXPECT_EQ(reach(filter, SYS_open), Reach::kNever);
}

TEST(SyscallFilter, ScratchMemoryIsUnknownAndAProgramThatRunsOffItsEndLetsThrough) {
  const SyscallFilter filter = {BPF_STMT(BPF_LD | BPF_MEM, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
                                give(SECCOMP_RET_ALLOW), give(SECCOMP_RET_ERRNO)};
  EXPECT_EQ(reach(filter, 0), Reach::kSometimes);
  EXPECT_EQ(reach({load(kNumber)}, 0), Reach::kAlways);
}

TEST(SyscallFilter, OnlyTheX8664ArchitectureIsAskedFor) {
  const SyscallFilter filter = {load(offsetof(seccomp_data, arch)),
                                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
                                give(SECCOMP_RET_KILL_PROCESS), give(SECCOMP_RET_ALLOW)};
  EXPECT_EQ(reach(filter, SYS_read), Reach::kAlways);
}

// A child under a filter that libseccomp has made: read back from the kernel, it says what it was made to say.
TEST(SyscallFilter, ARealOneIsReadBackFromTheKernel) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    seccomp_rule_add(filter, SCMP_ACT_ERRNO(1), SCMP_SYS(mount), 0);
    seccomp_rule_add(filter, SCMP_ACT_ERRNO(1), SCMP_SYS(socket), 1,
                     scmp_arg_cmp{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 16, .datum_b = 0});
    const char loaded = seccomp_load(filter) == 0 ? 'y' : 'n';
    (void)!write(ready[1], &loaded, 1);
    for (;;) pause();
  }
  char loaded = 'n';
  ASSERT_EQ(read(ready[0], &loaded, 1), 1);
  const FilterReading reading = read_filters(child);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  if (loaded != 'y') GTEST_SKIP() << "no filter can be loaded here";
  if (!reading.is_readable) GTEST_SKIP() << reading.why_not;
  ASSERT_FALSE(reading.filters.empty());
  EXPECT_EQ(evaluate(reading.filters, SYS_mount), Reach::kNever);
  EXPECT_EQ(evaluate(reading.filters, SYS_socket), Reach::kSometimes);
  EXPECT_EQ(evaluate(reading.filters, SYS_getppid), Reach::kAlways);
}

TEST(Inspect, AShellHasWhatItsParentHas) {
  Process process = Process::start({"sh", "-c", "echo; read line"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, 20'000), "\n");
  const std::vector<pid_t> processes = processes_that_count(process.pid(), Isolation::kNone);
  ASSERT_EQ(processes, std::vector<pid_t>{process.pid()});
  const nlohmann::ordered_json facts = inspect(processes);
  EXPECT_TRUE(facts["namespaces"].empty());
  EXPECT_EQ(facts["user"], std::to_string(geteuid()));
  EXPECT_GT(facts["syscalls_total"], 300);
  EXPECT_TRUE(processes_that_count(process.pid(), Isolation::kVm).empty());
}

TEST(Strace, CountsCallsAndFindsFiles) {
  const Observation seen = parse_strace(
      "100 execve(\"/usr/bin/x\", [\"x\"], 0x7f /* 3 vars */) = 0\n"
      "100 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3\n"
      "100 openat(AT_FDCWD, \"/nothing\", O_RDONLY) = -1 ENOENT (No such file or directory)\n"
      "100 openat(4, \"relative\", O_RDONLY) = 5\n"
      "101 read(3,  <unfinished ...>\n"
      "100 --- SIGCHLD {si_signo=SIGCHLD} ---\n"
      "101 <... read resumed>\"x\", 1) = 1\n"
      "101 exit_group(0) = ?\n"
      "101 +++ exited with 0 +++\n");
  EXPECT_EQ(seen.calls.at("openat"), 3U);
  EXPECT_EQ(seen.calls.at("read"), 1U);
  EXPECT_EQ(seen.calls.size(), 4U);
  EXPECT_EQ(seen.files, (std::set<std::string>{"/usr/bin/x", "/etc/passwd"}));
}

}  // namespace
}  // namespace husk::compare
