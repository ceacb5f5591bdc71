// The control group of a VMM with -m: a child process stands for the VMM.
#include "vmm/runner/vmm_memory.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "vmm/error.h"
#include "vmm/runner/cgroup.h"

namespace husk::runner {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(VmmMemoryTest, TheLimitIsTheRamAndWhatHasAName) {
  EXPECT_EQ(vmm_memory_limit(64 * kMiB, 0), 64 * kMiB + 4 * kMiB + kVmmBytes);
  EXPECT_EQ(vmm_memory_limit(64 * kMiB, 160 * kMiB), 64 * kMiB + 14 * kMiB + kVmmBytes);
  EXPECT_GT(vmm_memory_limit(~std::uint64_t{0}, ~std::uint64_t{0}), std::uint64_t{1} << 60);
}

std::string group_of(pid_t pid) {
  const auto place = memory_cgroup_of(std::to_string(pid));
  return place ? place->directory : std::string();
}

bool gone(const std::string& directory) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (access(directory.c_str(), F_OK) != 0) return true;
    usleep(10'000);
  }
  return false;
}

// Says whether it is in a group, and waits for its end.
struct Vmm {
  pid_t pid = -1;
  bool limited = false;
  std::string why;

  Vmm() {
    int said[2];
    if (pipe(said) != 0) return;
    pid = fork();
    if (pid == 0) {
      std::string text;
      try {
        enter_vmm_cgroup(32 * kMiB);
      } catch (const Error& error) {
        text = error.what();
      }
      text += '\n';
      if (write(said[1], text.data(), text.size()) < 0) _exit(1);
      for (;;) pause();
    }
    close(said[1]);
    for (char c = 0; read(said[0], &c, 1) == 1 && c != '\n';) why += c;
    close(said[0]);
    limited = why.empty();
  }
  void kill_and_reap() const {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
};

TEST(VmmMemoryTest, TheGroupIsTheVmmsOwnAndGoesWithIt) {
  const Vmm vmm;
  const std::string directory = group_of(vmm.pid);
  if (!vmm.limited) {
    vmm.kill_and_reap();
    GTEST_SKIP() << vmm.why;
  }
  EXPECT_EQ(directory.substr(directory.rfind('/') + 1), "husk-" + std::to_string(vmm.pid));
  std::string limit, alone, more;
  const bool unified = access((directory + "/memory.max").c_str(), F_OK) == 0;
  std::ifstream(directory + (unified ? "/memory.max" : "/memory.limit_in_bytes")) >> limit;
  EXPECT_EQ(limit, std::to_string(32 * kMiB));
  std::ifstream(directory + "/cgroup.procs") >> alone >> more;
  EXPECT_EQ(alone, std::to_string(vmm.pid));
  EXPECT_EQ(more, "") << "the guard must be outside of it";
  vmm.kill_and_reap();
  EXPECT_TRUE(gone(directory)) << directory;
}

TEST(VmmMemoryTest, OutputToAFileInMemoryIsNotCounted) {
  const int file = memfd_create("output", 0);  // a file on a tmpfs
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(file, STDOUT_FILENO);
    try {
      enter_vmm_cgroup(8 * kMiB);
    } catch (const Error& error) {
      _exit(std::string(error.what()).find("tmpfs") != std::string::npos ? 0 : 1);
    }
    _exit(2);
  }
  close(file);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(VmmMemoryTest, ItIsTheHostThatKillsWhoTakesMore) {
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      enter_vmm_cgroup(8 * kMiB);
    } catch (const Error&) {
      _exit(1);
    }
    const std::string much(64 * kMiB, 'x');
    _exit(much[kMiB] == 'x' ? 2 : 3);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) GTEST_SKIP() << "no control group here";
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
}

}  // namespace
}  // namespace husk::runner
