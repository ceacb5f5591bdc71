// A sendfile(2) that would take long ends for a signal: with what was moved for a handler, at once for SIGKILL.
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

namespace abi {
namespace {

constexpr std::size_t kMost = 0x7fff'f000;  // what one call moves

int copy(int signal) {
  const int random = ::open("/dev/urandom", O_RDONLY), nowhere = ::open("/dev/null", O_WRONLY);
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  int ready[2];
  ::pipe(ready);
  const pid_t child = in_child([&] {
    ::write(ready[1], "x", 1);
    const ssize_t moved = ::sendfile(nowhere, random, nullptr, kMost);
    say("sendfile: %s, %s\n", outcome(moved),
        moved > 0 && static_cast<std::size_t>(moved) < kMost ? "a part" : "not a part");
    return 0;
  });
  char byte;
  ::read(ready[0], &byte, 1);
  ::usleep(100'000);
  ::kill(child, signal);
  say_end(::sigabbrev_np(signal), child);
  return 0;
}

int run() {
  copy(SIGUSR1);
  return copy(SIGKILL);
}

const Topic topic("sendfile_killed", run);

}  // namespace
}  // namespace abi
