// ioprio_set(2), ioprio_get(2): what can be asked for, by whom, what is read back, and what children have of it.
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static long set(int which, int who, int priority) {
  return ::syscall(SYS_ioprio_set, which, who, priority);
}
static void say_get(const char* what, int which, int who) {
  const long priority = ::syscall(SYS_ioprio_get, which, who);
  if (priority < 0) {
    say("%s: %s\n", what, outcome(-1));
  } else {
    say("%s: class %ld, data %lx\n", what, priority >> 13, priority & 0x1fff);
  }
}

static const Topic topic("io_priorities", [] {
  ::setpgid(0, 0);
  for (int which = 0; which <= 4; ++which) say_get("at first", which, 0);
  for (int io_class = 0; io_class < 9; ++io_class) {
    for (const int data : {0, 1, 7, 8, 15, 0x1fff}) {
      say("set %d, %x: %s; ", io_class, static_cast<unsigned>(data), outcome(set(1, 0, io_class << 13 | data)));
      say_get("now", 1, 0);
    }
  }
  say("bits above: %s, all: %s\n", outcome(set(1, 0, 0x10000 | 2 << 13)), outcome(set(1, 0, -1)));
  say("kind 0: %s, 4: %s, nobody: %s\n", outcome(set(0, 0, 0)), outcome(set(4, 0, 0)), outcome(set(1, 0x3fffff, 0)));
  say_get("nobody's", 1, 0x3fffff);
  say_get("nobody's group", 2, 0x3fffff);
  say_get("nobody's user", 3, 12345);
  set(1, 0, 2 << 13 | 6);
  say_end("a child", in_child([] {
            say_get("inherited", 1, 0);
            return 0;
          }));
  set(1, 0, 0);
  for (const int nice : {-20, -1, 0, 7, 19}) {
    ::setpriority(PRIO_PROCESS, 0, nice);
    say_get("by nice", 1, 0);
    say_get("by nice, group", 2, 0);
  }
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  say_get("idle", 2, 0);
  ::sched_setscheduler(0, SCHED_OTHER, &none);
  ::setpriority(PRIO_PROCESS, 0, 0);
  say("the group: %s\n", outcome(set(2, 0, 2 << 13 | 3)));
  say_get("the group's", 2, ::getpgrp());
  if (::setresuid(1000, 1000, 1000) == 0) {
    say("real time without a capability: %s, idle: %s\n", outcome(set(1, 0, 1 << 13)), outcome(set(1, 0, 3 << 13)));
    say("another's: %s\n", outcome(set(1, ::getppid(), 2 << 13)));
    say_get("another's", 1, ::getppid());
    say_get("the user's", 3, 1000);
  }
  return 0;
});
