// A process whose parent has ended gets a new one (the first process of the container).
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

  // Many at once: the first process has to bury them.
  for (int i = 0; i < 20; ++i) {
    say_end("parent of many", in_child([] {
              for (int k = 0; k < 3; ++k) in_child([] { return 1; });
              return 0;
            }));
  }
  return 0;
}

static const Topic topic("orphans", run);
