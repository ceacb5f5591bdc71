// unshare(2) of what threads and processes share: working directory, descriptors, what semop(2) is to undo. Namespaces are
// another matter: there is one of each in a container.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "../topic.h"

using namespace abi;

static void in_thread(const std::function<void()>& body) {
  std::thread(body).join();
}

static void alone() {
  say("nothing: %s\n", outcome(::unshare(0)));
  for (const int flag : {1, 0x1000, 0x2000, 0x4000, 0x8000, 0x100000, 0x400000, int(0x80000000)})
    say("%#x: %s\n", unsigned(flag), outcome(::unshare(flag)));
  say("all in one: %s\n",
      outcome(::unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)));
}

static void beside_a_thread() {
  in_thread([] {
    for (const int flag : {CLONE_THREAD, CLONE_SIGHAND, CLONE_VM, CLONE_NEWUSER})
      say("%#x beside another thread: %s\n", unsigned(flag), outcome(::unshare(flag)));
  });
}

static void sharing_processes() {
  for (const int shared : {CLONE_VM, CLONE_VM | CLONE_SIGHAND}) {
    static char stack[65536];
    const int child = ::clone(
        [](void*) {
          const int result = ::unshare(CLONE_VM) == 0 ? 0 : 1;
          return result + (::unshare(CLONE_SIGHAND) == 0 ? 0 : 2) + (::unshare(CLONE_THREAD) == 0 ? 0 : 4);
        },
        stack + sizeof stack, shared | SIGCHLD, nullptr);
    say_end("a process that shares memory", child);
  }
}

static void directories() {
  ::mkdir("below", 0755);
  write_file("below/file", "");
  in_thread([] {
    say("in a thread: %s", outcome(::unshare(CLONE_FS)));
    say(", chdir %s", outcome(::chdir("below")));
    ::umask(0);
    say(", there %s\n", outcome(::access("file", F_OK)));
  });
  say("outside: here %s, below %s, mask %o\n", outcome(::access("file", F_OK)), outcome(::access("below/file", F_OK)),
      ::umask(022));
}

static void descriptors() {
  const int before = ::open("below", O_RDONLY);
  static int opened;
  in_thread([before] {
    opened = -1;
    say("in a thread: %s", outcome(::unshare(CLONE_FILES)));
    opened = ::open("below", O_RDONLY);
    say(", has what was open %s", outcome(::fcntl(before, F_GETFD)));
    ::close(before);
    say(", closed %s\n", outcome(::fcntl(before, F_GETFD)));
  });
  say("outside: what it opened %s, what it closed %s\n", outcome(::fcntl(opened, F_GETFD)),
      outcome(::fcntl(before, F_GETFD)));
  ::close(before);
}

static void undo() {
  const int set = ::semget(IPC_PRIVATE, 1, 0600);
  sembuf up = {0, 3, SEM_UNDO};
  ::semop(set, &up, 1);
  say("semaphore %d", ::semctl(set, 0, GETVAL));
  say(", unshare %s", outcome(::unshare(CLONE_SYSVSEM)));
  say(", then %d\n", ::semctl(set, 0, GETVAL));
  ::semctl(set, 0, IPC_RMID);
}

// Who has ended is still somebody's.
static void priority_of_the_dead() {
  const pid_t child = in_child([] {
    ::setresuid(1234, 1234, 1234);
    return 0;
  });
  siginfo_t information{};
  ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOWAIT);
  say("an ended child's priority: %s", outcome(::setpriority(PRIO_PROCESS, static_cast<id_t>(child), 1)));
  say_end("", in_child([child] {
            ::setresuid(1000, 1000, 1000);
            say(", for another %s", outcome(::setpriority(PRIO_PROCESS, static_cast<id_t>(child), 1)));
            return 0;
          }));
  say_end("it", child);
}

static int run() {
  alone();
  beside_a_thread();
  sharing_processes();
  directories();
  descriptors();
  undo();
  priority_of_the_dead();
  return 0;
}

static const Topic topic("unshare", run);
