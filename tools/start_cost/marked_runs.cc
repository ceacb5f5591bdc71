// marked_runs N COMMAND [ARGUMENT...]: runs COMMAND N + 1 times, one after the other, with nothing to read and nowhere to write, and marks all
// but the first for profile.cc. Writes how many nanoseconds each took from vfork(2) to its end, which are instructions where
// QEMU's clock counts those. Its status is 1 if one of them fails.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tools/start_cost/marks.h"

namespace {

long long now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

}  // namespace

int main(int count, char** arguments) {
  const int runs = count > 2 ? std::atoi(arguments[1]) : 0;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (runs <= 0 || nowhere < 0) {
    std::fputs("marked_runs N COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  for (int i = 0; i <= runs; ++i) {
    if (i > 0) start_cost::begin();
    const long long before = now();
    const pid_t child = ::vfork();
    if (child == 0) {
      ::dup2(nowhere, STDIN_FILENO);
      ::dup2(nowhere, STDOUT_FILENO);
      ::execv(arguments[2], arguments + 2);
      ::_exit(127);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
      std::fprintf(stderr, "%s: wait status 0x%x\n", arguments[2], static_cast<unsigned>(status));
      return 1;
    }
    const long long after = now();
    start_cost::end();
    if (i > 0) std::printf("%lld\n", after - before);
  }
  return 0;
}
