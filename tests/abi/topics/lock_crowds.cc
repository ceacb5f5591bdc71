// Many processes that wait for each other's record locks, in no circle: each of them is asked whether there is one, and
// that must not take long, however many locks they hold. The argument says how many processes
// (tests/e2e/cases/processes.sh).
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "../topic.h"

using namespace abi;

static constexpr int kLocksOfEach = 40;

static int set(int fd, int command, off_t start, off_t length) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return ::fcntl(fd, command, &lock);
}

// Process i holds every other byte of its part of the file, and waits for all parts behind it.
static int run() {
  const int processes = arguments[0] != nullptr ? std::atoi(arguments[0]) : 8;
  const int file = ::open("file", O_RDWR | O_CREAT, 0644);
  int ends[2];
  ::pipe(ends);
  std::vector<pid_t> children;
  for (int i = processes - 1; i >= 0; --i) {
    children.push_back(in_child([&] {
      const off_t part = 2 * kLocksOfEach;
      for (int k = 0; k < kLocksOfEach; ++k) set(file, F_SETLK, i * part + 2 * k, 1);
      ::write(ends[1], "x", 1);
      if (i + 1 < processes) set(file, F_SETLKW, (i + 1) * part, 0);
      for (;;) ::pause();
      return 0;
    }));
    char c;
    ::read(ends[0], &c, 1);
    await_asleep(children.back());
  }
  say("%d processes wait\n", processes);
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  say("then all locks are free: %s\n", outcome(set(file, F_SETLK, 0, 0)));
  return 0;
}

static const Topic topic("lock_crowds", run);
