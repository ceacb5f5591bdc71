// vfork(2): the parent waits until its child has executed a program or ended, and only its own end comes before that.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "../topic.h"

using namespace abi;

namespace {

int gate[2];    // what the vfork child waits for
int report[2];  // what it says when it went on

// Makes a child that shares this process's memory until it has read a byte, as vfork(2) would. On a stack of its own,
// so that the child may outlive the maker's frame.
void make_vfork_child() {
  static char stack[64 * 1024];
  ::clone(
      [](void*) -> int {
        char byte;
        (void)!::read(gate[0], &byte, 1);
        (void)!::write(report[1], "w", 1);
        ::_exit(0);
      },
      stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
}

// vfork's wait shows as uninterruptible.
void await_waiting(pid_t process, pid_t thread = 0) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread != 0 ? thread : process);
  for (char state = 'R'; state == 'R'; ::usleep(1'000)) {
    std::FILE* file = std::fopen(path, "re");
    if (file == nullptr || std::fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    if (file != nullptr) std::fclose(file);
  }
}

void open_pipes() {
  ::pipe(gate);
  ::pipe(report);
}

// The child goes on, whatever became of its maker.
void let_go() {
  char byte = '-';
  ::close(report[1]);
  (void)!::write(gate[1], "g", 1);
  const ssize_t got = ::read(report[0], &byte, 1);
  say("  the child went on: %zd %c\n", got, byte);
}

void killed() {
  for (const int number : {SIGKILL, SIGTERM}) {
    open_pipes();
    const pid_t parent = in_child([] {
      make_vfork_child();
      return 3;
    });
    await_waiting(parent);
    ::kill(parent, number);
    if (number == SIGKILL) {
      say_end("killed while it waits", parent);
      let_go();
    } else {
      // A signal that only would end it has to wait: Linux's vfork is killable, and SIGTERM without a handler is fatal.
      say_end("terminated while it waits", parent);
      let_go();
    }
  }
}

void stopped() {
  open_pipes();
  const pid_t parent = in_child([] {
    make_vfork_child();
    return 3;
  });
  await_waiting(parent);
  ::kill(parent, SIGSTOP);
  int status = 0;
  say("stopped while it waits: %d\n", ::waitpid(parent, &status, WUNTRACED | WNOHANG));
  ::kill(parent, SIGCONT);
  let_go();
  say_end("continued", parent);
}

void handled() {
  open_pipes();
  const pid_t parent = in_child([] {
    ::signal(SIGUSR1, [](int) { say("  the handler runs when the call is over\n"); });
    make_vfork_child();
    return 3;
  });
  await_waiting(parent);
  ::kill(parent, SIGUSR1);
  let_go();
  say_end("a handler", parent);
}

// Another thread executes a program or ends the process: the waiting one does not hold it up.
void threads() {
  for (const bool executes : {true, false}) {
    open_pipes();
    const pid_t parent = in_child([executes] {
      static bool exec_it;
      exec_it = executes;
      static pid_t self;
      self = ::getpid();
      pthread_t thread;
      ::pthread_create(
          &thread, nullptr,
          [](void*) -> void* {
            await_waiting(self, self);
            if (exec_it) ::execl("/bin/true", "true", nullptr);
            ::syscall(SYS_exit_group, 5);
            return nullptr;
          },
          nullptr);
      make_vfork_child();
      return 3;
    });
    say_end(executes ? "executes beside it" : "exits beside it", parent);
    let_go();
  }
}

int run() {
  killed();
  stopped();
  handled();
  threads();
  return 0;
}

const Topic topic("vfork_killed", run);

}  // namespace
