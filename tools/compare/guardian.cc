// compare-guardian: stands between a comparison and whoever started it, and tidies up when the comparison is killed
// with SIGKILL, which it cannot do itself.
//
//   compare-guardian PID DIRECTORY...
//
// It is executed by the process that the user started, after that has forked the comparison, PID. As the reaper of
// orphans (PR_SET_CHILD_SUBREAPER(2const) stays over execve(2)) it becomes the parent of all that a dead comparison has
// left running. What such a one has left on disk and in control groups carries the guardian's pid in its name, which is
// the pid that the user knows: husk-compare-PID-..., looked for in DIRECTORY... and below /sys/fs/cgroup.
//
// A static program of its own: a copy of the comparison would share its libraries' pages, and PSS, in which every
// process counts that maps a page, would be smaller for every runner.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

namespace {

constexpr int kSignalStatus = 128;
constexpr int kOwnFailure = 125;
constexpr char kPrefix[] = "husk-compare-";

void pause_for_a_moment() {
  const timespec moment{0, 2'000'000};
  nanosleep(&moment, nullptr);
}

// "husk-compare-PID...", "husk-compare-memory-PID...": the number as a whole.
bool is_ours(const char* name) {
  if (std::strncmp(name, kPrefix, sizeof kPrefix - 1) != 0) return false;
  const char* number = name + sizeof kPrefix - 1;
  while (*number == '-' || (*number >= 'a' && *number <= 'z')) ++number;
  char* end = nullptr;
  return std::strtol(number, &end, 10) == getpid() && (*end == '\0' || *end == '-' || *end == '.');
}

// Everything below, and no link is followed. Files of a control group cannot be unlinked, and go with it.
void remove_below(int parent, const char* name);

void remove_contents(int directory) {
  DIR* entries = fdopendir(directory);
  if (entries == nullptr) {
    close(directory);
    return;
  }
  while (const dirent* entry = readdir(entries)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      remove_below(directory, entry->d_name);
    }
  }
  closedir(entries);
}

void remove_below(int parent, const char* name) {
  if (unlinkat(parent, name, 0) == 0) return;
  // A tracefs instance goes as a whole: nothing in it can be removed.
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0) return;
  const int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0) return;
  remove_contents(directory);
  // The last process of a control group may need a moment to go (EBUSY).
  constexpr int kTries = 500;
  for (int i = 0; i < kTries && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno == EBUSY; ++i) pause_for_a_moment();
}

// In `path`, and with `depth` in the directories below it.
void remove_ours(int parent, const char* path, int depth) {
  const int directory = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* entries = directory < 0 ? nullptr : fdopendir(directory);
  if (entries == nullptr) {
    if (directory >= 0) close(directory);
    return;
  }
  while (const dirent* entry = readdir(entries)) {
    if (is_ours(entry->d_name)) {
      remove_below(directory, entry->d_name);
    } else if (depth > 0 && entry->d_type == DT_DIR && entry->d_name[0] != '.') {
      remove_ours(directory, entry->d_name, depth - 1);
    }
  }
  closedir(entries);
}

// Kills every child, and those that become children by that, until there are none.
void end_children() {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  constexpr int kTries = 5000;
  for (int i = 0; i < kTries; ++i) {
    FILE* file = std::fopen(path, "re");
    if (file == nullptr) return;
    for (int child = 0; std::fscanf(file, "%d", &child) == 1;) kill(child, SIGKILL);
    std::fclose(file);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) return;
    pause_for_a_moment();
  }
}

// Waits for the end of the comparison; meanwhile what the user sends to the pid that he knows goes on to it.
int wait_for(pid_t comparison, const sigset_t& signals) {
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(-1, &status, WNOHANG);
    if (ended == comparison) return status;
    if (ended > 0) continue;  // an orphan of an orphan
    siginfo_t info{};
    if (sigwaitinfo(&signals, &info) < 0) continue;
    // What comes from the terminal has reached the comparison, too: it is in the same process group.
    if (info.si_signo != SIGCHLD && info.si_code != SI_KERNEL) kill(comparison, info.si_signo);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "compare-guardian: husk compare starts it\n");
    return kOwnFailure;
  }
  const pid_t comparison = std::atoi(arguments[1]);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signo : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&signals, signo);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  const int status = wait_for(comparison, signals);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  end_children();
  for (int i = 2; i < count; ++i) remove_ours(AT_FDCWD, arguments[i], 0);
  constexpr int kDeepestGroup = 16;
  remove_ours(AT_FDCWD, "/sys/fs/cgroup", kDeepestGroup);
  std::fprintf(stderr, "husk: the comparison was ended by signal %d (%s); so were its runs\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
  return kSignalStatus + WTERMSIG(status);
}
