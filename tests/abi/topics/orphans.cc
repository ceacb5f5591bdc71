// A process whose parent has ended gets a new one (the first process of the container).
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static int run() {
  int ends[2], go[2];
  ::pipe(ends);
  ::pipe(go);
  const pid_t parent = in_child([&] {
    const pid_t self = ::getpid();
    in_child([&, self] {
      char byte = 0;
      ::read(go[0], &byte, 1);  // until the parent is dead and buried
      const char result = ::getppid() == self ? 'o' : ::getppid() >= 1 ? 'n' : '?';
      ::write(ends[1], &result, 1);
      return 0;
    });
    return 5;
  });
  say_end("parent", parent);
  ::write(go[1], "x", 1);
  char result = 0;
  ::read(ends[0], &result, 1);
  say("the orphan has %s\n", result == 'n' ? "a new parent" : result == 'o' ? "its old parent" : "none");
  int status = 0;
  if (::getpid() != 1) say("it is not ours: %s\n", outcome(::waitpid(-1, &status, 0)));

  // Many that end at once: the first process has to bury them.
  constexpr int kMany = 12;
  say_end("parent of many", in_child([&] {
            ::close(go[1]);
            for (int i = 0; i < kMany; ++i) {
              in_child([&] {
                const pid_t self = ::getpid();
                ::write(ends[1], &self, sizeof self);
                char byte = 0;
                ::read(go[0], &byte, 1);  // until nobody can write
                return 1;
              });
            }
            return 0;
          }));
  pid_t many[kMany] = {};
  for (pid_t& pid : many) ::read(ends[0], &pid, sizeof pid);
  ::close(go[1]);
  for (const pid_t pid : many) {
    while (::kill(pid, 0) == 0) ::usleep(1'000);
  }
  say("all %d are buried\n", kMany);
  return 0;
}

static const Topic topic("orphans", run);
