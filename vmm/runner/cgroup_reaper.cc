#include "vmm/runner/cgroup_reaper.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "vmm/error.h"
#include "vmm/runner/cgroup.h"

namespace husk::runner {
namespace {

void kill_members(const std::string& path) {
  std::FILE* members = std::fopen((path + "/cgroup.procs").c_str(), "re");
  if (members == nullptr) return;
  for (int pid = 0; std::fscanf(members, "%d", &pid) == 1;) kill(pid, SIGKILL);
  std::fclose(members);
}

[[noreturn]] void reap(int alive, const std::vector<std::string>& paths) {
  setsid();  // what is sent to husk's process group or terminal is not for this process
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  // Above all the standard streams: a reader at the other end waits for the last writer.
  dup2(alive, 0);
  syscall(SYS_close_range, 1, ~0U, 0);
  char nothing;
  while (read(0, &nothing, 1) < 0 && errno == EINTR) {
  }
  for (const std::string& path : paths) kill_members(path);
  for (const std::string& path : paths) remove_cgroup(path.c_str());
  _exit(0);
}

}  // namespace

CgroupReaper::CgroupReaper(const std::vector<std::string>& paths) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error::from_errno("make", "a pipe");
  const UniqueFd watch(ends[0]);
  alive_.reset(ends[1]);
  pid_ = fork();
  if (pid_ < 0) throw Error::from_errno("start", "the control groups' reaper");
  if (pid_ == 0) reap(watch.get(), paths);
}

CgroupReaper::~CgroupReaper() {
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace husk::runner
