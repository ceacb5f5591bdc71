// What belongs to a thread and not to its process: the children that it made (__WNOTHREAD, task/TID/children, PR_SET_PDEATHSIG)
// and PR_SET_NO_NEW_PRIVS. And waits for children that have nothing to tell but their end.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "../topic.h"

using namespace abi;

static void in_thread(const std::function<void()>& body) {
  std::thread(body).join();
}

static pid_t thread_id() {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

static pid_t ended_child() {
  const pid_t child = in_child([] { return 3; });
  siginfo_t information{};
  ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOWAIT);
  return child;
}

static std::string children_of(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/children");
  std::string text;
  std::getline(file, text);
  return text;
}

static bool is_child_of(pid_t child, pid_t thread) {
  return children_of(thread).find(std::to_string(child) + " ") != std::string::npos;
}

static void not_of_others() {
  const pid_t main_thread = thread_id();
  const pid_t child = ended_child();
  in_thread([&] {
    say("another thread's: waitpid %s", outcome(::waitpid(child, nullptr, __WNOTHREAD)));
    say(", any %s", outcome(::waitpid(-1, nullptr, __WNOTHREAD | WNOHANG)));
    siginfo_t information{};
    say(", waitid %s", outcome(::waitid(P_ALL, 0, &information, WEXITED | __WNOTHREAD)));
    say(", listed %d here, %d there\n", is_child_of(child, thread_id()), is_child_of(child, main_thread));
    say("without the option: %s\n", ::waitpid(child, nullptr, WNOHANG) == child ? "the child" : "another");
  });
  say("then: %s\n", outcome(::waitpid(child, nullptr, 0)));
}

static void own_and_inherited() {
  const pid_t main_thread = thread_id();
  pid_t child = 0;
  in_thread([&] {
    const pid_t own = ended_child();
    say("its own: %s\n", ::waitpid(own, nullptr, __WNOTHREAD) == own ? "the child" : "another");
    child = ended_child();
    say("listed %d here, %d there\n", is_child_of(child, thread_id()), is_child_of(child, main_thread));
  });
  // pthread_join waits for the thread's memory, not for its end.
  while (!is_child_of(child, main_thread)) ::sched_yield();
  say("after that thread's end: %s\n", ::waitpid(child, nullptr, __WNOTHREAD) == child ? "the child" : "another");
}

// A sibling is a child of the thread that made its maker.
static void siblings() {
  const pid_t main_thread = thread_id();
  int ends[2];
  ::pipe(ends);
  in_thread([&] {
    const pid_t middle = in_child([&] {
      const long sibling = ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
      if (sibling == 0) ::_exit(4);
      ::write(ends[1], &sibling, sizeof sibling);
      return 0;
    });
    long sibling = 0;
    ::read(ends[0], &sibling, sizeof sibling);
    say("a sibling: listed %d here, %d there\n", is_child_of(static_cast<pid_t>(sibling), thread_id()),
        is_child_of(static_cast<pid_t>(sibling), main_thread));
    say_end("the child", middle);
    say_end("its sibling", static_cast<pid_t>(sibling));
  });
}

static void death_signals() {
  int ends[2], ready[2];
  ::pipe(ends);
  ::pipe(ready);
  pid_t child = 0;
  in_thread([&] {
    child = in_child([&] {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      ::write(ready[1], "x", 1);
      char byte;
      ::read(ends[0], &byte, 1);
      return 1;
    });
    char byte;
    ::read(ready[0], &byte, 1);
  });
  say_end("a child whose parent was a thread that ended", child);
  // Asked for by another of the child's threads.
  in_thread([&] {
    child = in_child([&] {
      std::thread([&] {
        ::prctl(PR_SET_PDEATHSIG, SIGHUP);
        ::write(ready[1], "x", 1);
        char byte;
        ::read(ends[0], &byte, 1);
      }).join();
      return 1;
    });
    char byte;
    ::read(ready[0], &byte, 1);
  });
  say_end("one that asked in a thread of its own", child);
}

static void privileges() {
  say_end("no new privileges", in_child([] {
            in_thread([] {
              ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              say("the thread %d", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
              in_thread([] { say(", one that it made %d", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); });
              const pid_t child = in_child([] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); });
              int status = 0;
              ::waitpid(child, &status, 0);
              say(", a child %d", WEXITSTATUS(status));
            });
            say(", the process %d\n", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
            return 0;
          }));
}

static void nothing_to_tell() {
  siginfo_t information{};
  const pid_t child = ended_child();
  say("an ended child, without WEXITED: %s", outcome(::waitid(P_ALL, 0, &information, WSTOPPED)));
  say(", %s", outcome(::waitid(P_PID, static_cast<id_t>(child), &information, WCONTINUED | WNOHANG)));
  say(", with it %s\n", outcome(::waitid(P_ALL, 0, &information, WEXITED)));
  // The child ends while its parent waits for something else.
  const pid_t parent = ::getpid();
  in_child([&] {
    await_asleep(parent);
    return 0;
  });
  say("one that ends meanwhile: %s", outcome(::waitid(P_ALL, 0, &information, WSTOPPED)));
  say(", with it %s\n", outcome(::waitid(P_ALL, 0, &information, WEXITED)));
}

static int run() {
  not_of_others();
  own_and_inherited();
  siblings();
  death_signals();
  privileges();
  nothing_to_tell();
  return 0;
}

static const Topic topic("thread_children", run);
