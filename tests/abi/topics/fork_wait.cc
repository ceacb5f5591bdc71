// fork: both continue, memory is separate, exit statuses arrive once and by child.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "../topic.h"

using namespace abi;

static int value = 1;

static int run() {
  const pid_t parent = ::getpid();
  const pid_t child = in_child([parent] {
    value = 2;
    say("child: parent is %s, value %d\n", ::getppid() == parent ? "right" : "wrong", value);
    return 7;
  });
  say_end("child", child);
  say("parent: value %d\n", value);
  int status = 0;
  say("second wait for it: %s\n", outcome(::waitpid(child, &status, 0)));
  say("wait without children: %s\n", outcome(::wait(&status)));

  pid_t children[10];
  for (int i = 0; i < 10; ++i) children[i] = in_child([i] { return 10 + i; });
  for (int i = 9; i >= 0; --i) say_end("one of ten, in reverse order", children[i]);

  say_end("exit status is cut to 8 bits", in_child([] { return 0x1ff; }));
  say_end("grandchildren", in_child([] {
            say_end("grandchild", in_child([] { return 3; }));
            return 4;
          }));
  return 0;
}

static const Topic topic("fork_wait", run);
