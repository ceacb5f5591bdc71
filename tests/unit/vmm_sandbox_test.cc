// The VMM's confinement: what a running machine needs still works, everything else ends the process.
#include "vmm/sandbox/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/in_child.h"
#include "tools/compare/isolation/syscall_filter.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/kvm/api.h"
#include "vmm/log.h"
#include "vmm/machine/io_thread.h"
#include "vmm/sandbox/environment.h"
#include "vmm/sandbox/filter.h"
#include "vmm/sandbox/limits.h"

namespace husk::sandbox {
namespace {

// Runs in a process of its own (a death test), which cannot leave the sandbox again.
[[noreturn]] void confined(const std::function<bool()>& body, const Confinement& confinement = {}) {
  enter(confinement);
  ::_exit(body() ? 0 : 1);
}

void expect_works(const std::function<bool()>& body, const Confinement& confinement = {}) {
  EXPECT_EXIT(confined(body, confinement), ::testing::ExitedWithCode(0), "");
}

void expect_refused(const std::function<bool()>& body, const Confinement& confinement = {}) {
  EXPECT_EXIT(confined(body, confinement), ::testing::ExitedWithCode(kExitHuskError),
              "sandbox does not allow system call");
}

class Sandbox : public ::testing::Test {
 protected:
  Sandbox() { GTEST_FLAG_SET(death_test_style, "fast"); }
};

TEST_F(Sandbox, StreamsAndMemoryWork) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  expect_works(
      [&] {
        char byte = 0;
        pollfd request{.fd = pipe[1], .events = POLLOUT, .revents = 0};
        return ::poll(&request, 1, 1000) == 1 && ::write(pipe[1], "x", 1) == 1 && ::read(pipe[0], &byte, 1) == 1;
      },
      {.descriptors = pipe});
  expect_works([] { return std::make_unique<char[]>(64 << 20) != nullptr; });
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(Sandbox, TheLogWorks) {
  EXPECT_EXIT(confined([] {
                log::write(log::Severity::kError, "a line");
                return true;
              }),
              ::testing::ExitedWithCode(0), "husk: a line");
}

// Runs `task` on the I/O thread of a confined process and waits until it is over.
bool run_on_io_thread(machine::IoThread& loop, const std::function<void()>& task) {
  std::promise<void> done;
  loop.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
  loop.stop();
  return true;
}

TEST_F(Sandbox, TheIoThreadCanStillStart) {
  machine::IoThread loop;
  const int wakeup = loop.wakeup_descriptor();
  expect_works([&] { return run_on_io_thread(loop, [] {}); }, {.descriptors = {&wakeup, 1}});
}

// glibc reads /proc/sys/vm/overcommit_memory before it gives back memory of a heap that is a thread's own
// (malloc/arena.c).
TEST_F(Sandbox, TheIoThreadCanGiveMemoryBack) {
  machine::IoThread loop;
  const int wakeup = loop.wakeup_descriptor();
  expect_works(
      [&] {
        return run_on_io_thread(loop, [] {
          std::vector<std::unique_ptr<char[]>> blocks;
          for (int i = 0; i < 64; ++i) blocks.push_back(std::make_unique<char[]>(32 << 10));
        });
      },
      {.descriptors = {&wakeup, 1}});
}

// Its thread blocks the signals that belong to the payload. SIGSYS is none of them: the kernel kills a thread that
// blocks it without a word.
TEST_F(Sandbox, TheIoThreadSaysWhatIsForbiddenToo) {
  machine::IoThread loop;
  const int wakeup = loop.wakeup_descriptor();
  expect_refused([&] { return run_on_io_thread(loop, [] { ::open("/etc/passwd", O_RDONLY | O_CLOEXEC); }); },
                 {.descriptors = {&wakeup, 1}});
}

TEST_F(Sandbox, OnlyTheNamedDescriptorsStayOpen) {
  std::array<int, 2> pipe{}, other{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(other.data(), 0), 0);  // as one that husk inherits
  const auto is_open = [](int fd) { return ::write(fd, "x", 1) == 1 || errno != EBADF; };
  expect_works([&] { return is_open(pipe[1]) && !is_open(other[1]) && !is_open(other[0]); },
               {.descriptors = {&pipe[1], 1}});
  expect_works([&] { return is_open(STDERR_FILENO) && !is_open(pipe[1]) && !is_open(other[1]); });
  for (const int fd : {pipe[0], pipe[1], other[0], other[1]}) ::close(fd);
}

TEST_F(Sandbox, NothingCanBeOpened) {
  expect_refused([] { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0; });
  expect_refused([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; });
  expect_refused([] { return ::memfd_create("x", 0) >= 0; });
  expect_refused([] { return ::syscall(SYS_eventfd2, 0, 0) >= 0; });
}

// newfstatat(2) with AT_EMPTY_PATH states the path when there is one, so the flag is no sign of harmlessness.
TEST_F(Sandbox, NothingCanBeStated) {
  struct stat status {};
  expect_refused([&] { return ::stat("/etc/passwd", &status) == 0; });
  expect_refused([&] { return ::fstatat(AT_FDCWD, "/etc/passwd", &status, AT_EMPTY_PATH) == 0; });
  expect_refused([&] { return ::fstat(STDOUT_FILENO, &status) == 0; });
}

TEST_F(Sandbox, NobodyCanBeSignalled) {
  const pid_t self = ::getpid();
  expect_refused([] { return ::kill(::getppid(), 0) == 0; });
  // What abort(3) uses has a line of its own.
  EXPECT_EXIT(confined([self] { return ::syscall(SYS_tgkill, self, self, 0) == 0; }),
              ::testing::ExitedWithCode(kExitHuskError), "internal error: aborted");
}

TEST_F(Sandbox, NothingCanBeExecuted) {
  expect_refused([] { return ::execl("/bin/true", "true", nullptr) == 0; });
  expect_refused([] { return ::fork() >= 0; });
  expect_refused(
      [] { return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; });
  expect_refused([] {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
  });
}

TEST_F(Sandbox, NoThreadsInOtherNamespaces) {
  expect_refused([] { return ::syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWNET, 0) >= 0; });
  // A process that shares the memory, and a thread that comes with a new descriptor.
  expect_refused([] { return ::syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0) >= 0; });
  int pidfd = -1;
  expect_refused(
      [&] { return ::syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_PIDFD, 0, &pidfd) >= 0; });
}

TEST_F(Sandbox, NoFileCanBeMapped) {
  expect_refused([] { return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0) != MAP_FAILED; });
  expect_refused([] { return ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; });
  // Nor over what is mapped: a file is mapped there that devices take care not to write to.
  void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect_refused([page] {
    return ::mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  });
  ::munmap(page, 4096);
}

TEST_F(Sandbox, IoctlsAreAllowedByDescriptorAndCommand) {
  const Confinement confinement{.filtered = {.vcpu = 40, .vm = 41}};
  const auto bad_descriptor = [](int fd, unsigned long command) {
    return [=] { return ::ioctl(fd, command, 0) < 0 && errno == EBADF; };
  };
  expect_works(bad_descriptor(40, KVM_RUN), confinement);
  expect_works(bad_descriptor(41, KVM_SIGNAL_MSI), confinement);
  // Vector registers are the VMM's affair only where KVM emulates CPL 0.
  const Confinement saves_vectors{.filtered = {.vcpu = 40, .vm = 41, .vectors = 40}};
  for (const unsigned long command : {KVM_GET_XSAVE, KVM_SET_XSAVE}) {
    expect_works(bad_descriptor(40, command), saves_vectors);
    expect_refused(bad_descriptor(40, command), confinement);
  }
  expect_refused(bad_descriptor(41, KVM_RUN), confinement);
  expect_refused(bad_descriptor(42, KVM_RUN), confinement);
  expect_refused(bad_descriptor(40, KVM_SIGNAL_MSI), confinement);
  expect_refused(bad_descriptor(41, KVM_SET_USER_MEMORY_REGION), confinement);
  expect_refused([] { return ::ioctl(STDIN_FILENO, TIOCSTI, "x") == 0; });
  // The mode of a terminal may be set where it was changed (-t), and only there.
  termios mode{};
  expect_refused([&] { return ::tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0; });
  expect_works(
      [&] {
        return ::tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0 || errno == ENOTTY || errno == EIO || errno == EINVAL;
      },
      {.filtered = {.terminal = STDIN_FILENO}});
  // Its size is of no interest to a machine that has none.
  winsize size{};
  expect_refused([&] { return ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0; });
  expect_works([&] { return ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || errno == ENOTTY; },
               {.filtered = {.terminal = STDIN_FILENO}});
}

// A terminal is open for both, and so is what a shell gives as all three.
TEST_F(Sandbox, StreamsAreUsedInTheirDirectionOnly) {
  char byte = 0;
  iovec segment{.iov_base = &byte, .iov_len = 0};
  expect_refused([&] { return ::write(STDIN_FILENO, &byte, 0) == 0; });
  expect_refused([&] { return ::send(STDIN_FILENO, &byte, 0, 0) == 0; });
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
    expect_refused([&] { return ::read(output, &byte, 0) == 0; });
    expect_refused([&] { return ::preadv2(output, &segment, 1, -1, 0) == 0; });
  }
  // What was read before, and what comes later, is none of its business.
  expect_works([&] { return ::preadv2(STDIN_FILENO, &segment, 1, -1, 0) == 0 || errno != ENOSYS; });
  for (const off_t position : {off_t{0}, off_t{1}, off_t{0xffff'ffff}}) {
    expect_refused([&] { return ::preadv2(STDIN_FILENO, &segment, 1, position, 0) == 0; });
  }
}

TEST_F(Sandbox, MemoryIsOnlyGivenBackAndMadePresent) {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect_works([page] { return ::madvise(page, 4096, MADV_DONTNEED) == 0; });
  expect_works([page] { return ::madvise(page, 4096, MADV_POPULATE_WRITE) == 0; });
  expect_refused([page] { return ::madvise(page, 4096, MADV_PAGEOUT) == 0; });
  ::munmap(page, 4096);
}

TEST_F(Sandbox, OnlyTheStandardStreamsAreSentTo) {
  expect_works([] { return ::send(STDOUT_FILENO, "", 0, MSG_DONTWAIT) < 0 && errno == ENOTSOCK; });
  expect_refused([] { return ::send(3, "", 0, MSG_DONTWAIT) < 0; });
  // A socket that is not connected could send to anybody.
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  expect_refused([&] { return ::sendto(STDOUT_FILENO, "", 0, MSG_DONTWAIT, to, sizeof address) < 0; });
  // Both halves of the pointer are looked at.
  const auto* high = reinterpret_cast<const sockaddr*>(std::uintptr_t{1} << 40);
  expect_refused([&] { return ::sendto(STDOUT_FILENO, "", 0, MSG_DONTWAIT, high, sizeof address) < 0; });
}

TEST_F(Sandbox, PrivilegesStayGone) {
  expect_refused([] { return ::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; });
  expect_refused([] { return ::setuid(0) == 0; });
}

using test::expect_in_child;

TEST_F(Sandbox, TheVmmIsAnotherUserThatCannotBeTraced) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const uid_t user = draw_user();
  expect_in_child([user] {
    leave_the_host({.user = user});
    uid_t real = 0, effective = 0, saved = 0;
    gid_t real_group = 0, effective_group = 0, saved_group = 0;
    ::getresuid(&real, &effective, &saved);
    ::getresgid(&real_group, &effective_group, &saved_group);
    return real == user && effective == user && saved == user && real_group == user && effective_group == user &&
           saved_group == user && ::getgroups(0, nullptr) == 0 && ::prctl(PR_GET_DUMPABLE) == 0 && ::setuid(0) != 0;
  });
}

TEST_F(Sandbox, UsersAreDrawnFromARangeOfTheirOwn) {
  std::set<uid_t> users;
  for (int i = 0; i < 100; ++i) {
    const uid_t user = draw_user();
    EXPECT_GE(user, kFirstUser);
    EXPECT_LE(user, kLastUser);
    users.insert(user);
  }
  EXPECT_GT(users.size(), 90u);
}

TEST_F(Sandbox, TheRootDirectoryHasNothingToOpen) {
  if (::geteuid() != 0) GTEST_SKIP() << "without root it takes user namespaces, which a host may forbid";
  expect_in_child([] {
    leave_the_host({.user = draw_user()});
    const auto cannot = [](int result, int error) { return result < 0 && errno == error; };
    return cannot(::open("/etc/passwd", O_RDONLY | O_CLOEXEC), ENOENT) &&
           cannot(::open("../../../../etc/passwd", O_RDONLY | O_CLOEXEC), ENOENT) &&
           ::open("/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && ::mkdir("/new", 0700) < 0;
  });
}

TEST_F(Sandbox, WithoutPrivilegesItIsConfinedLessAndSaysSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to lose it";
  const auto as_root_without_capabilities = [](JailLevel level) {
    log::set_level(log::Severity::kInfo);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    ::syscall(SYS_capset, &header, none);
    try {
      leave_the_host({.level = level, .user = draw_user()});
    } catch (const Error&) {
      ::_exit(2);
    }
    ::_exit(0);
  };
  EXPECT_EXIT(as_root_without_capabilities(JailLevel::kBasic), ::testing::ExitedWithCode(0), "cannot leave user 0");
  EXPECT_EXIT(as_root_without_capabilities(JailLevel::kFull), ::testing::ExitedWithCode(2), "");
}

TEST_F(Sandbox, TheEnvironmentIsForgotten) {
  expect_in_child([] {
    std::string variable = "HUSK_TEST_SECRET=in the clear";
    ::putenv(variable.data());
    if (::getenv("HUSK_TEST_SECRET") == nullptr || ::getenv("PATH") == nullptr) return false;
    const char* path = ::getenv("PATH");
    forget_environment();
    return ::getenv("PATH") == nullptr && *path == '\0' && variable == std::string(variable.size(), '\0');
  });
}

TEST_F(Sandbox, LimitsAreHard) {
  const auto has = [](__rlimit_resource resource, std::uint64_t value) {
    rlimit limit{};
    return ::getrlimit(resource, &limit) == 0 && limit.rlim_cur == value && limit.rlim_max == value;
  };
  expect_in_child([&] {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    limit_resources({.guest_bytes = 64 << 20, .highest_descriptor = 7});
    return has(RLIMIT_CORE, 0) && has(RLIMIT_FSIZE, 0) && has(RLIMIT_NOFILE, 8) &&
           has(RLIMIT_AS, (64 << 20) + kOwnAddressSpace);
  });
  // The payload's output may be a file of any size.
  expect_in_child([&] {
    const int file = ::open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return false;
    ::dup2(file, STDOUT_FILENO);
    limit_resources({.guest_bytes = 0, .highest_descriptor = 7});
    return !has(RLIMIT_FSIZE, 0) && has(RLIMIT_CORE, 0);
  });
}

// With and without a terminal, and vector registers that the VMM saves: each has a filter of its own.
constexpr FilteredDescriptors kEachKindOfMachine[]{
    {.vcpu = 10, .vm = 11},
    {.vcpu = 10, .vm = 11, .terminal = 0},
    {.vcpu = 10, .vm = 11, .vectors = 10},
    {.vcpu = 10, .vm = 11, .terminal = 0, .vectors = 10},
};

TEST_F(Sandbox, AtMost25CallsAreInReach) {
  std::set<std::uint32_t> listed;
  for (const AllowedCall& call : allowed_calls()) {
    listed.insert(call.number);
    EXPECT_FALSE(call.purpose.empty()) << call.number;
  }
  EXPECT_LE(listed.size(), 25u);
  // Against the program itself, for every number there is room for.
  for (const FilteredDescriptors& descriptors : kEachKindOfMachine) {
    const std::vector<std::vector<sock_filter>> filters{filter(descriptors)};
    std::set<std::uint32_t> reachable;
    for (std::uint32_t number = 0; number < 1024; ++number) {
      if (compare::evaluate(filters, number) != compare::Reach::kNever) reachable.insert(number);
    }
    EXPECT_EQ(reachable, listed);
  }
}

// docs/isolation.md has a row for each call, as the filter has it.
TEST_F(Sandbox, ThePageListsTheSameCalls) {
  std::string table = "\n| call | what for | only with |\n|---|---|---|\n";
  for (const AllowedCall& call : allowed_calls()) {
    const std::unique_ptr<char, decltype(&::free)> name(
        ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(call.number)), &::free);
    table += "| `" + std::string(name.get()) + "` | " + std::string(call.purpose) + " | " +
             std::string(call.condition) + " |\n";
  }
  std::ifstream file(HUSK_SOURCE_DIRECTORY "/docs/isolation.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(page.find(table), std::string::npos) << "the page should have this table:" << table;
}

// Every jump lands inside the program, and every path ends: what the kernel checks too, but with a better message.
TEST_F(Sandbox, TheFilterIsWellFormed) {
  for (const FilteredDescriptors& descriptors : kEachKindOfMachine) {
    const auto program = filter(descriptors);
    ASSERT_GT(program.size(), 10u);
    for (std::size_t i = 0; i < program.size(); ++i) {
      if (BPF_CLASS(program[i].code) != BPF_JMP) continue;
      if (BPF_OP(program[i].code) == BPF_JA) {
        EXPECT_LT(i + 1 + program[i].k, program.size());
        continue;
      }
      EXPECT_LT(i + 1 + program[i].jt, program.size());
      EXPECT_LT(i + 1 + program[i].jf, program.size());
    }
    EXPECT_EQ(BPF_CLASS(program.back().code), BPF_RET);
  }
}

}  // namespace
}  // namespace husk::sandbox
