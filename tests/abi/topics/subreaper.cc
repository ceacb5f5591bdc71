// prctl(2) PR_SET_CHILD_SUBREAPER: whose an orphan is then, and who has the attribute; and timer slack, which is only
// kept.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

namespace {

int is_subreaper() {
  int value = -1;
  ::prctl(PR_GET_CHILD_SUBREAPER, &value);
  return value;
}

// A child makes a grandchild and ends; says whose child the grandchild is then.
void orphan(const char* what, pid_t expected) {
  int ends[2];
  ::pipe(ends);
  const pid_t middle = in_child([&] {
    const pid_t parent = ::getpid();
    in_child([&] {
      while (::getppid() == parent) ::usleep(1'000);
      const char verdict = ::getppid() == expected ? 'e' : ::getppid() == 1 ? '1' : '?';
      (void)!::write(ends[1], &verdict, 1);
      return 6;
    });
    return 5;
  });
  say_end(what, middle);
  char verdict = '-';
  (void)!::read(ends[0], &verdict, 1);
  say("  it is %s\n", verdict == 'e' ? "whose it should be" : verdict == '1' ? "process 1's" : "somebody's");
}

int run() {
  say("at first %d\n", is_subreaper());
  orphan("without", ::getpid());
  say("set %s", outcome(::prctl(PR_SET_CHILD_SUBREAPER, 1)));
  say(": %d\n", is_subreaper());
  orphan("with", ::getpid());
  int status = 0;
  say("adopted %s", outcome(::waitpid(-1, &status, 0)));
  say_status("", status);
  const pid_t self = ::getpid();
  say_end("a child", in_child([self] {
            say("  inherited %d\n", is_subreaper());
            orphan("  with a grandparent that is one", self);
            return 0;
          }));
  say("adopted %s", outcome(::waitpid(-1, &status, 0)));
  say_status("", status);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  orphan("not any more", ::getpid());

  say("slack %d", ::prctl(PR_GET_TIMERSLACK));
  ::prctl(PR_SET_TIMERSLACK, 123);
  say(" set %d", ::prctl(PR_GET_TIMERSLACK));
  ::prctl(PR_SET_TIMERSLACK, 0);
  say(" default %d\n", ::prctl(PR_GET_TIMERSLACK));
  say("timing %d", ::prctl(PR_GET_TIMING));
  say(" set %s", outcome(::prctl(PR_SET_TIMING, PR_TIMING_STATISTICAL)));
  say(" set %s\n", outcome(::prctl(PR_SET_TIMING, 1)));
  return 0;
}

const Topic topic("subreaper", run);

}  // namespace
