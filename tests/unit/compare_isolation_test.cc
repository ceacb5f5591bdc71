// What a payload can reach: seccomp filters evaluated without knowing the arguments, and strace's output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "tests/unit/temporary_tree.h"
#include "tools/compare/isolation/boundary.h"
#include "tools/compare/isolation/inspect.h"
#include "tools/compare/isolation/kernel_functions.h"
#include "tools/compare/isolation/observe.h"
#include "tools/compare/isolation/syscall_filter.h"
#include "tools/compare/isolation/trace_pages.h"
#include "tools/compare/isolation/vm_interfaces.h"
#include "tools/compare/output/isolation_table.h"
#include "tools/compare/process.h"
#include "tools/compare/runners/seccomp_profile.h"
#include "vmm/error.h"

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

// Of a run that has no daemon.
Roots roots_of(const Process& process) {
  return [&process] { return std::vector<pid_t>{process.pid()}; };
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

constexpr int kPatienceMs = 20'000;

// A shell in a root directory of its own that has busybox, which says a line and waits.
class InImage : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "chroot(2) needs root";
    if (find_program("busybox").empty()) GTEST_SKIP() << "no busybox (apt package busybox-static)";
    std::filesystem::permissions(image_, std::filesystem::perms(0755));
    std::filesystem::create_directories(image_ / "bin");
    std::filesystem::copy_file(find_program("busybox"), image_ / "bin/busybox");
  }

  // `before`: what the command line begins with; `options` of chroot(1).
  Process start(std::vector<std::string> before = {}, const std::vector<std::string>& options = {}) const {
    before.emplace_back("chroot");
    before.insert(before.end(), options.begin(), options.end());
    before.insert(before.end(), {image_.string(), kProgram, "sh", "-c", "echo; read line"});
    return Process::start(before, Process::Streams::kPipes);
  }

  static constexpr char kProgram[] = "/bin/busybox";
  const test::TemporaryTree tree_;
  const std::filesystem::path image_ = tree_.path();
};

TEST_F(InImage, ThePayloadIsKnownByItsExecutable) {
  Process process = start();
  ASSERT_EQ(process.read_output(1, kPatienceMs), "\n");
  const Boundary payload{.kind = Boundary::Kind::kPayload, .program = kProgram, .arguments = {}};
  EXPECT_EQ(wait_for_boundary(process, roots_of(process), payload, {image_, {}}, kPatienceMs),
            std::vector<pid_t>{process.pid()});
  // A copy of the image: what namespaces with a file system of their own have.
  const test::TemporaryTree copy;
  std::filesystem::create_directories(copy / "bin");
  std::filesystem::copy_file(image_ / "bin/busybox", copy / "bin/busybox");
  EXPECT_EQ(find_boundary({process.pid()}, payload, {copy.path(), {}}).pids.size(), 0U)
      << "its path is no path in that image";
  const Boundary other{.kind = Boundary::Kind::kPayload, .program = "/bin/other", .arguments = {}};
  EXPECT_TRUE(find_boundary({process.pid()}, other, {image_, {}}).pids.empty());
}

TEST_F(InImage, AnotherProgramInThePayloadsPlaceIsAnErrorThatNamesIt) {
  Process process = start();
  ASSERT_EQ(process.read_output(1, kPatienceMs), "\n");
  std::ofstream(image_ / "bin/other") << "something else";
  const Boundary other{.kind = Boundary::Kind::kPayload, .program = "/bin/other", .arguments = {}};
  try {
    wait_for_boundary(process, roots_of(process), other, {image_, {}}, 100);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("bin/busybox"));
  }
}

TEST_F(InImage, TheRunnersOwnProcessesAreNotThePayload) {
  // The same executable, but not in the image's root directory.
  const std::filesystem::path program = image_ / "bin/busybox";
  Process process = Process::start({program.string(), "sh", "-c", "echo; read line"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, kPatienceMs), "\n");
  const Boundary payload{.kind = Boundary::Kind::kPayload, .program = {}, .arguments = {}};
  EXPECT_TRUE(find_boundary({process.pid()}, payload, {image_, {}}).pids.empty());
}

TEST_F(InImage, CapabilitiesInAUserNamespaceAreMarked) {
  Process outside = start();
  ASSERT_EQ(outside.read_output(1, kPatienceMs), "\n");
  nlohmann::ordered_json facts = inspect({outside.pid()});
  EXPECT_EQ(facts["user_namespace"], "initial");
  EXPECT_FALSE(facts["capabilities"].empty());
  Process inside = start({"unshare", "--user", "--map-root-user"});
  if (inside.read_output(1, kPatienceMs) != "\n") GTEST_SKIP() << "no user namespaces here";
  facts = inspect({inside.pid()});
  EXPECT_EQ(facts["user_namespace"], "child");
  EXPECT_FALSE(facts["capabilities"].empty());
  EXPECT_THAT(facts["namespaces"], testing::Contains("user"));
  EXPECT_EQ(facts["uid_maps"], (std::vector<std::string>{"0 0 1"}));
}

TEST_F(InImage, SeveralProcessesCountTogether) {
  Process weak = start({"setpriv", "--no-new-privs"}, {"--userspec=65534:65534"});
  Process strong = start();
  ASSERT_EQ(strong.read_output(1, kPatienceMs), "\n");
  if (weak.read_output(1, kPatienceMs) != "\n") GTEST_SKIP() << "no setpriv here";
  nlohmann::ordered_json facts = inspect({weak.pid()});
  EXPECT_EQ(facts["no_new_privileges"], true);
  EXPECT_TRUE(facts["capabilities"].empty());
  facts = inspect({weak.pid(), strong.pid()});
  EXPECT_EQ(facts["no_new_privileges"], false);
  EXPECT_FALSE(facts["capabilities"].empty());
  EXPECT_EQ(facts["user"], "0, 65534");
}

TEST(Boundary, WhatEndsBeforeItIsLookedAtIsAnError) {
  Process process = Process::start({"true"}, Process::Streams::kNone);
  EXPECT_THROW(wait_for_boundary(process, roots_of(process), {}, {"/nonexistent", {}}, kPatienceMs), Error);
}

TEST(Boundary, AProgramIsToldFromOthersByAWordOfItsCommandLine) {
  Process process = Process::start({"sh", "-c", "echo; read line; exit", "boot"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, kPatienceMs), "\n");
  const std::string shell = find_program("sh");
  const auto boundary = [&](const std::vector<std::string>& words) {
    return Boundary{.kind = Boundary::Kind::kProgram, .program = shell, .arguments = words};
  };
  EXPECT_EQ(find_boundary({process.pid()}, boundary({"gofer", "boot"}), {}).pids, std::vector<pid_t>{process.pid()});
  EXPECT_EQ(find_boundary({process.pid()}, boundary({}), {}).pids, std::vector<pid_t>{process.pid()});
  EXPECT_TRUE(find_boundary({process.pid()}, boundary({"gofer"}), {}).pids.empty());
}

TEST(Boundary, AFrozenProcessGoesOnAfterwards) {
  Process process = Process::start({"sh", "-c", "echo; read line; exit 7"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, kPatienceMs), "\n");
  {
    const Frozen frozen({process.pid()});
    process.close_input();
    EXPECT_FALSE(process.wait(100));
    EXPECT_EQ(inspect({process.pid()})["seccomp"], "none");
  }
  ASSERT_TRUE(process.wait(kPatienceMs));
  EXPECT_EQ(process.exit_status(), 7);
}

TEST(Inspect, AShellHasWhatItsParentHas) {
  Process process = Process::start({"sh", "-c", "exec 9</dev/zero; echo; read line"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, kPatienceMs), "\n");
  const nlohmann::ordered_json facts = inspect({process.pid()});
  EXPECT_TRUE(facts["namespaces"].empty());
  EXPECT_THAT(facts["namespaces_shared"], testing::Contains("net"));
  EXPECT_EQ(facts["user"], std::to_string(geteuid()));
  EXPECT_GT(facts["syscalls_total"], 300);
  EXPECT_THAT(facts["open_files"], testing::Contains("/dev/zero"));
  EXPECT_FALSE(facts.contains("unreadable"));
}

TEST(Inspect, NothingIsSaidOfAProcessThatIsGone) {
  Process process = Process::start({"true"}, Process::Streams::kNone);
  ASSERT_TRUE(process.wait(kPatienceMs));
  const nlohmann::ordered_json facts = inspect({process.pid()});
  for (const char* fact : {"syscalls_reachable", "no_new_privileges", "capabilities", "namespaces", "user_namespace"}) {
    EXPECT_FALSE(facts.contains(fact)) << fact;
  }
  EXPECT_TRUE(facts["unreadable"].contains("no_new_privileges"));
}

RunnerResult row(const char* name) {
  RunnerResult runner;
  runner.name = name;
  runner.isolation = "namespaces";
  return runner;
}

TEST(IsolationTable, WhatWasNotLookedAtIsNeitherNoNorAFraction) {
  ComparisonResult result;
  RunnerResult runner = row("some");
  runner.isolation_facts = {{"syscalls_observed", 7}, {"observed_calls", {{"read", 1}}}};
  runner.notes["isolation_facts"] = "it had ended before it could be looked at";
  result.runners = {runner};
  const std::string text = format_isolation(result, {});
  EXPECT_THAT(text, testing::HasSubstr("had ended before"));
  EXPECT_THAT(text, testing::ContainsRegex("\nsome +\\[1\\] +7 "));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("- of -")));
  EXPECT_THAT(text, testing::Not(testing::ContainsRegex("\nsome [^\n]* (no|yes|0) ")));
}

TEST(IsolationTable, CapabilitiesInsideAreNoneOfTheHosts) {
  ComparisonResult result;
  RunnerResult inside = row("inside"), outside = row("outside");
  inside.isolation_facts = {{"executables", {"/x"}},
                            {"capabilities", {"cap_sys_admin", "cap_kill"}},
                            {"user", "0"},
                            {"user_namespace", "child"},
                            {"namespaces", {"user"}},
                            {"no_new_privileges", true}};
  outside.isolation_facts = inside.isolation_facts;
  outside.isolation_facts["user_namespace"] = "initial";
  result.runners = {inside, outside};
  const std::string text = format_isolation(result, {});
  EXPECT_THAT(text, testing::ContainsRegex("\ninside .* 0 userns +2 inside +yes"));
  EXPECT_THAT(text, testing::ContainsRegex("\noutside .* 0 +2 +yes"));
}

TEST(VmInterfaces, QemusAreReadFromItsCommandLine) {
  const std::vector<std::string> interfaces =
      qemu_interfaces({"qemu", "-M", "microvm,accel=kvm,kernel-irqchip=split", "-device", "virtio-rng-device",
                       "-device", "virtio-serial-device,id=a", "-device", "virtio-serial-device,id=b"});
  EXPECT_THAT(interfaces, testing::IsSupersetOf({"machine microvm with its fw_cfg", "virtio-rng-device",
                                                 "virtio-serial-device x2", "KVM: local APIC"}));
  EXPECT_THAT(interfaces, testing::Not(testing::Contains("KVM: I/O APIC, PIC, PIT")));
  EXPECT_THAT(qemu_interfaces({"qemu", "-accel", "kvm"}), testing::Contains("KVM: I/O APIC, PIC, PIT"));
  EXPECT_THAT(qemu_interfaces({"qemu", "-accel", "tcg"}), testing::Contains(testing::HasSubstr("translator")));
}

constexpr char kProfile[] = R"({
  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
  "syscalls": [
    {"names": ["read", "nosuchcall"], "action": "SCMP_ACT_ALLOW", "args": [], "includes": {}, "excludes": {}},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 16, "valueTwo": 0, "op": "SCMP_CMP_NE"}]},
    {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}}]})";

// The filter that bwrap would load, as it lets calls through.
SyscallFilter filter_of(const nlohmann::json& profile) {
  const test::TemporaryTree tree;
  write_bpf(profile, tree / "filter");
  std::ifstream file(tree / "filter", std::ios::binary);
  SyscallFilter filter;
  for (sock_filter one{}; file.read(reinterpret_cast<char*>(&one), sizeof one);) filter.push_back(one);
  return filter;
}

TEST(SeccompProfile, TheRulesThatApplyAreTheOnesThatAreTaken) {
  const SyscallFilter plain = filter_of(oci_seccomp(kProfile, {}, "6.1.0-13-amd64"));
  EXPECT_EQ(reach(plain, SYS_read), Reach::kAlways);
  EXPECT_EQ(reach(plain, SYS_socket), Reach::kSometimes);
  EXPECT_EQ(reach(plain, SYS_mount), Reach::kNever);
  EXPECT_EQ(reach(plain, SYS_ptrace), Reach::kAlways);
  EXPECT_EQ(reach(plain, SYS_arch_prctl), Reach::kNever);
  EXPECT_EQ(reach(filter_of(oci_seccomp(kProfile, {"CAP_SYS_ADMIN"}, "6.1.0")), SYS_mount), Reach::kAlways);
  EXPECT_EQ(reach(filter_of(oci_seccomp(kProfile, {}, "4.4.0")), SYS_ptrace), Reach::kNever);
}

TEST(SeccompProfile, TheInstalledOneForbidsMountAndAllowsRead) {
  if (const std::string missing = seccomp_profile_missing(); !missing.empty()) GTEST_SKIP() << missing;
  const SyscallFilter filter = filter_of(installed_oci_seccomp({}));
  EXPECT_EQ(reach(filter, SYS_read), Reach::kAlways);
  EXPECT_EQ(reach(filter, SYS_kexec_load), Reach::kNever);
  EXPECT_EQ(reach(filter, SYS_bpf), Reach::kNever);
}

TEST(SeccompProfile, WhatIsNoProfileIsAnError) {
  for (const char* text : {"", "{}", R"({"syscalls": 7})"}) EXPECT_THROW(oci_seccomp(text, {}, "6.1"), Error) << text;
}

// Where the kernel has a function tracer and lets this process use it: in tools/hwlab, for example.
class RealTracer : public testing::Test {
 protected:
  void SetUp() override {
    adopt_orphans();
    try {
      tracer_.emplace();
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  KernelFunctions trace(const std::vector<std::string>& command) {
    // Where the tracer works is the lab, whose processor is slow, and slower while it traces.
    constexpr int kTracerPatienceMs = 120'000;
    return tracer_->trace(command, {}, kTracerPatienceMs, [](Process& process) { process.wait(kTracerPatienceMs); });
  }

  static std::size_t instances() {
    std::size_t count = 0;
    for (const std::string& directory : FunctionTracer::directories()) {
      std::error_code none;
      for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
        count += entry.path().filename().string().starts_with("husk-compare-");
      }
      if (count > 0) break;  // the same file system may be mounted twice
    }
    return count;
  }

  std::optional<FunctionTracer> tracer_;
};

TEST_F(RealTracer, SeesWhatARunAndItsChildrenReachAndNothingElse) {
  // A busy neighbour that is none of its business.
  Process neighbour =
      Process::start({"sh", "-c", "while :; do cat /proc/uptime >/dev/null; done"}, Process::Streams::kNone);
  // By path: busybox's shell, which the lab has, runs a `true` without one by itself and executes nothing.
  const KernelFunctions idle = trace({"/bin/true"});
  EXPECT_THAT(idle.names, testing::Contains("begin_new_exec"));
  EXPECT_THAT(idle.names, testing::Not(testing::Contains("uptime_proc_show")));
  EXPECT_GT(idle.by_module.at("kernel"), 100U);
  const KernelFunctions child = trace({"/bin/sh", "-c", "cat /proc/uptime >/dev/null; :"});
  EXPECT_THAT(child.names, testing::Contains("uptime_proc_show"));
  // What the tracer's own shell does before the exec is not the run's.
  EXPECT_THAT(idle.names, testing::Not(testing::Contains("do_signal_stop")));
}

TEST_F(RealTracer, LeavesNoInstanceAndRemovesThoseOfTheDead) {
  EXPECT_EQ(instances(), 1U);
  tracer_.reset();
  EXPECT_EQ(instances(), 0U);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const FunctionTracer mine;
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(instances(), 1U);
  tracer_.emplace();
  EXPECT_EQ(instances(), 1U);
  tracer_.reset();
  EXPECT_EQ(instances(), 0U);
}

// A page of the kernel's ring buffer, put together from its documented parts.
class Page {
 public:
  explicit Page(std::uint64_t time) { add(time), add(std::uint64_t{0}); }

  Page& function(std::uint32_t delta, std::uint64_t address, std::int32_t pid, std::uint8_t flags) {
    add(delta << 5 | 6U);  // six words follow
    add(std::uint16_t{1});
    add(flags);
    add(std::uint8_t{0});
    add(pid);
    add(address);
    add(std::uint64_t{0});
    return *this;
  }
  Page& extend(std::uint32_t low, std::uint32_t high) {
    add(low << 5 | 30U);
    add(high);
    return *this;
  }
  Page& other(std::uint32_t words) {
    add(std::uint32_t{0});
    add(static_cast<std::uint32_t>((words + 1) * 4));
    for (std::uint32_t i = 0; i < words; ++i) add(std::uint32_t{0x00020002});
    return *this;
  }

  std::span<const std::byte> bytes(std::uint64_t flags = 0) {
    const std::uint64_t commit = (bytes_.size() - 16) | flags;
    std::memcpy(bytes_.data() + 8, &commit, sizeof commit);
    return bytes_;
  }

 private:
  template <typename T>
  void add(T value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof value);
  }
  std::vector<std::byte> bytes_;
};

TEST(TracePages, FunctionCallsAreReadAndOtherEntriesPassedOver) {
  const FunctionEntryFormat format = parse_function_format(
      "name: function\nID: 1\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
      "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\n\tfield:int common_pid;\toffset:4;\tsize:4;\n\n"
      "\tfield:unsigned long ip;\toffset:8;\tsize:8;\n\tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\n");
  Page page(1000);
  page.function(5, 0xffffffff81000010, 42, 0).other(3).extend(1, 1).function(2, 0xffffffff81000020, 43, 0x08);
  std::vector<FunctionCall> calls;
  const auto take = [&](const FunctionCall& call) { calls.push_back(call); };
  EXPECT_FALSE(read_trace_page(page.bytes(), format, take));
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].address, 0xffffffff81000010);
  EXPECT_EQ(calls[0].time, 1005U);
  EXPECT_EQ(calls[0].pid, 42);
  EXPECT_FALSE(calls[0].in_interrupt);
  EXPECT_EQ(calls[1].time, 1005U + (1U << 27) + 1 + 2);
  EXPECT_TRUE(calls[1].in_interrupt);
  EXPECT_TRUE(read_trace_page(page.bytes(1U << 31), format, take));
  // Cut anywhere, it is read as far as it goes.
  for (std::size_t size = 0; size < page.bytes().size(); ++size) {
    read_trace_page(page.bytes().first(size), format, [](const FunctionCall&) {});
  }
}

TEST(TracePages, AFormatThatIsNoneIsAnError) {
  EXPECT_THROW(parse_function_format("name: function\nID: 1\n"), Error);
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
