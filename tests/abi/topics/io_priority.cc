// ioprio_set(2), ioprio_get(2): what is taken, who has it, and what follows from the nice value.
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>

#include "../topic.h"

using namespace abi;

namespace {

enum { kProcess = 1, kGroup = 2, kUser = 3 };
enum { kNone = 0, kRealTime = 1, kBestEffort = 2, kIdle = 3 };

constexpr int priority(int io_class, int level) {
  return io_class << 13 | level;
}

long set(int which, int who, int value) {
  return ::syscall(SYS_ioprio_set, which, who, value);
}

long get(int which, int who) {
  return ::syscall(SYS_ioprio_get, which, who);
}

void values() {
  say("values\n");
  say("fresh: %lx, of the group %lx\n", get(kProcess, 0), get(kGroup, 0));
  for (const int value : {priority(kNone, 0), priority(kNone, 1), priority(kRealTime, 3), priority(kBestEffort, 7),
                          priority(kBestEffort, 8), priority(kIdle, 0), priority(kIdle, 5), priority(4, 0),
                          priority(7, 0), priority(8, 2), 0x1ff8, -1, INT_MIN}) {
    say("%x: %s", static_cast<unsigned>(value), outcome(set(kProcess, 0, value)));
    say(", now %lx, of the group %lx\n", get(kProcess, 0), get(kGroup, 0));
  }
  for (const int which : {-1, 0, 4, INT_MIN, INT_MAX}) {
    say("which %d: %s", which, outcome(set(which, 0, priority(kIdle, 0))));
    say(" %s, with a bad value %s\n", outcome(get(which, 0)), outcome(set(which, 0, priority(7, 0))));
  }
  for (const int which : {kProcess, kGroup, kUser}) {
    say("nobody %d: %s", which, outcome(set(which, 987654, priority(kIdle, 0))));
    say(" %s\n", outcome(get(which, 987654)));
  }
}

void from_nice() {
  say("from the nice value\n");
  say_end("child", in_child([] {
            ::setpgid(0, 0);
            set(kProcess, 0, 0);
            for (const int nice : {0, 4, 19}) {
              ::setpriority(PRIO_PROCESS, 0, nice);
              say("nice %d: %lx, of the group %lx\n", nice, get(kProcess, 0), get(kGroup, 0));
            }
            const sched_param none{};
            ::sched_setscheduler(0, SCHED_IDLE, &none);
            say("SCHED_IDLE: %lx\n", get(kGroup, 0));
            return 0;
          }));
}

void inheritance() {
  say("inheritance\n");
  say("set: %s\n", outcome(set(kProcess, 0, priority(kBestEffort, 2))));
  say_end("child", in_child([] {
            ::setpgid(0, 0);
            say("child: %lx, by its number %lx, its parent %lx\n", get(kProcess, 0), get(kProcess, ::getpid()),
                get(kProcess, ::getppid()));
            set(kProcess, 0, priority(kBestEffort, 6));
            const pid_t second = in_child([] {
              say("best of the group: %lx\n", get(kGroup, 0));
              set(kProcess, 0, priority(kBestEffort, 1));
              say("now: %lx\n", get(kGroup, 0));
              say("all: %s", outcome(set(kGroup, 0, priority(kIdle, 0))));
              say(" %lx\n", get(kGroup, ::getpgid(0)));
              return 0;
            });
            say_end("grandchild", second);
            say("after: %lx\n", get(kProcess, 0));
            return 0;
          }));
  say("parent's: %lx\n", get(kProcess, 0));
}

void rights() {
  say("rights\n");
  say_end("child", in_child([] {
            if (::setresuid(65534, 65534, 65534) != 0) return 1;
            say("real time: %s", outcome(set(kProcess, 0, priority(kRealTime, 0))));
            say(", best effort %s", outcome(set(kProcess, 0, priority(kBestEffort, 0))));
            say(", another's %s", outcome(set(kProcess, ::getppid(), priority(kBestEffort, 0))));
            say(", a look at it %lx\n", get(kProcess, ::getppid()));
            say("root's: %s\n", outcome(set(kUser, 0, priority(kBestEffort, 5))));
            say("own user: %s", outcome(set(kUser, 65534, priority(kBestEffort, 5))));
            say(" %lx\n", get(kUser, 65534));
            return 0;
          }));
}

int run() {
  values();
  from_nice();
  inheritance();
  rights();
  return 0;
}

const Topic topic("io_priority", run);

}  // namespace
