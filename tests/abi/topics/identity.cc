// User and group ids, process groups and sessions, and the rules for changing them.
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static void say_ids(const char* when) {
  uid_t real_user, effective_user, saved_user;
  gid_t real_group, effective_group, saved_group;
  ::getresuid(&real_user, &effective_user, &saved_user);
  ::getresgid(&real_group, &effective_group, &saved_group);
  say("%s: uid %u %u %u, gid %u %u %u\n", when, real_user, effective_user, saved_user, real_group, effective_group,
      saved_group);
}

static int change_ids() {
  if (::getuid() != 0) {
    say("not root\n");
    return 0;
  }
  say_ids("start");
  gid_t groups[] = {11, 7, 9};  // Linux sorts them
  say("setgroups: %s\n", outcome(::setgroups(3, groups)));
  gid_t read_back[8];
  say("getgroups: %d of %d, too small %s\n", ::getgroups(8, read_back), ::getgroups(0, nullptr),
      outcome(::getgroups(2, read_back)));
  say("groups %u %u %u\n", read_back[0], read_back[1], read_back[2]);
  ::setresgid(10, 20, 30);
  say("setresuid: %s\n", outcome(::setresuid(1000, 2000, 3000)));
  say_ids("after setres");
  say("fsuid %d fsgid %d\n", ::setfsuid(static_cast<uid_t>(-1)), ::setfsgid(static_cast<gid_t>(-1)));
  say("setuid(0): %s\n", outcome(::setuid(0)));
  say("setuid(saved): %s\n", outcome(::setuid(3000)));
  say_ids("after setuid");
  say("setreuid(swap): %s\n", outcome(::setreuid(3000, 1000)));
  say_ids("after setreuid");
  say("setresuid(other): %s\n", outcome(::setresuid(5, 5, 5)));
  say("setgroups: %s\n", outcome(::setgroups(0, nullptr)));
  say("setregid: %s\n", outcome(::setregid(20, 10)));
  say_ids("end");
  say("kill init: %s\n", outcome(::kill(1, 0)));
  say("sethostname: %s\n", outcome(::sethostname("x", 1)));
  say("dumpable %d\n", ::prctl(PR_GET_DUMPABLE));
  return 0;
}

static int groups_and_sessions() {
  say("setsid: %s\n", outcome(::setsid()));
  say("leader: group %d session %d\n", ::getpgrp() == ::getpid(), ::getsid(0) == ::getpid());
  say("setsid again: %s\n", outcome(::setsid()));
  say("setpgid of a session leader: %s\n", outcome(::setpgid(0, 0)));
  int ready[2];
  if (::pipe(ready) != 0) return 1;
  const pid_t child = in_child([&] {
    char byte;
    return static_cast<int>(::read(ready[0], &byte, 1));
  });
  say("child's group is mine: %d\n", ::getpgid(child) == ::getpgrp());
  say("setpgid(child, child): %s\n", outcome(::setpgid(child, child)));
  say("child's group is its own: %d, session mine: %d\n", ::getpgid(child) == child, ::getsid(child) == ::getpid());
  const pid_t second = in_child([&] {
    char byte;
    return static_cast<int>(::read(ready[0], &byte, 1));
  });
  say("setpgid into the first's: %s\n", outcome(::setpgid(second, child)));
  say("setpgid into none: %s\n", outcome(::setpgid(second, 99999)));
  say("setpgid of a stranger: %s\n", outcome(::setpgid(1, 0)));
  say("setpgid negative: %s\n", outcome(::setpgid(0, -1)));
  say("getpgid of none: %s\n", outcome(::getpgid(99999)));
  say("kill the group: %s\n", outcome(::kill(-child, SIGTERM)));
  say_end("first", child);
  say_end("second", second);
  say("kill the empty group: %s\n", outcome(::kill(-child, SIGTERM)));
  return 0;
}

static int run() {
  say_end("ids", in_child(change_ids));
  say_end("groups", in_child(groups_and_sessions));
  return 0;
}

static const Topic topic("identity", run);
