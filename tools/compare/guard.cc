#include "tools/compare/guard.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "vmm/error.h"

namespace husk::compare {
namespace {

pid_t guardian_pid = 0;

}  // namespace

void fork_from_guardian(const std::filesystem::path& guardian, const std::vector<std::string>& directories) {
  if (access(guardian.c_str(), X_OK) != 0)
    throw Error::from_errno("find", guardian.string(), "install husk as a whole");
  const pid_t self = getpid();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1UL) != 0) throw Error::from_errno("become", "the reaper of orphans");
  // Nothing that is sent from now on is lost: it waits until the guardian looks.
  sigset_t forwarded, before;
  sigemptyset(&forwarded);
  for (const int signo : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&forwarded, signo);
  sigprocmask(SIG_BLOCK, &forwarded, &before);
  const pid_t child = fork();
  if (child < 0) throw Error::from_errno("start", "the comparison");
  if (child == 0) {
    guardian_pid = self;
    // When the guardian is killed the comparison ends as if the user had asked it to.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != self) _exit(kExitHuskError);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return;
  }
  const std::string number = std::to_string(child);
  std::vector<char*> words = {const_cast<char*>(guardian.c_str()), const_cast<char*>(number.c_str())};
  for (const std::string& directory : directories) words.push_back(const_cast<char*>(directory.c_str()));
  words.push_back(nullptr);
  execv(guardian.c_str(), words.data());
  std::fprintf(stderr, "husk: cannot start %s: %s\n", guardian.c_str(), std::strerror(errno));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  _exit(kExitHuskError);
}

int comparison_id() {
  return guardian_pid != 0 ? guardian_pid : getpid();
}

}  // namespace husk::compare
