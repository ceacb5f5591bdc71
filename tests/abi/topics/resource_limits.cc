// Limits that are enforced: processor time, processes, pending signals, niceness, the stack; and who may change them.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>

#include "../topic.h"

using namespace abi;

static int set_limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  const rlimit limit{soft, hard};
  return ::setrlimit(resource, &limit);
}

static int spin() {
  for (;;) asm volatile("");
}

static void wait_all() {
  while (::wait(nullptr) > 0) {
  }
}

static void processor_time() {
  say_end("no time at all", in_child([] {
            set_limit(RLIMIT_CPU, 0, RLIM_INFINITY);
            return spin();
          }));
  say_end("a second", in_child([] {
            ::signal(SIGXCPU, [](int) {
              rlimit limit;
              ::getrlimit(RLIMIT_CPU, &limit);
              say("SIGXCPU, then the limit is %lu of %lu\n", limit.rlim_cur, limit.rlim_max);
            });
            set_limit(RLIMIT_CPU, 0, 1);
            return spin();
          }));
  say_end("the parent's limit", in_child([] {
            set_limit(RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY);
            const pid_t child = in_child([] { return spin(); });
            const rlimit limit{0, RLIM_INFINITY};
            say("prlimit of the child: %s\n", outcome(::prlimit(child, RLIMIT_CPU, &limit, nullptr)));
            say_end("child", child);
            return 0;
          }));
  say_end("inherited", in_child([] {
            ::signal(SIGXCPU, SIG_IGN);
            set_limit(RLIMIT_CPU, 0, RLIM_INFINITY);
            say_end("child", in_child([] {
                      ::signal(SIGXCPU, SIG_DFL);
                      return spin();
                    }));
            return 0;
          }));
  // A process that sleeps uses no time.
  say_end("asleep", in_child([] {
            set_limit(RLIMIT_CPU, 1, 1);
            const timespec time{.tv_sec = 0, .tv_nsec = 50'000'000};
            ::nanosleep(&time, nullptr);
            return 3;
          }));
}

static void processes() {
  say_end("at most three", in_child([] {
            set_limit(RLIMIT_NPROC, 3, 3);
            ::setuid(fresh_user());
            for (int i = 0; i < 3; ++i) {
              const pid_t child = ::fork();
              if (child == 0) {
                ::pause();
                ::_exit(0);
              }
              say("fork: %s\n", outcome(child));
              if (child < 0) break;
            }
            pthread_t thread;
            errno = ::pthread_create(
                &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
            say("thread: %s\n", outcome(errno ? -1 : 0));
            ::signal(SIGTERM, SIG_IGN);
            ::kill(0, SIGTERM);
            return 0;
          }));
  say_end("a zombie counts", in_child([] {
            set_limit(RLIMIT_NPROC, 2, 2);
            ::setuid(fresh_user());
            const pid_t child = in_child([] { return 0; });
            siginfo_t information;
            ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOWAIT);
            say("beside it: %s\n", outcome(::fork()));
            ::waitpid(child, nullptr, 0);
            say_end("after it", in_child([] { return 0; }));
            return 0;
          }));
  say_end("a thread that has ended does not", in_child([] {
            set_limit(RLIMIT_NPROC, 2, 2);
            ::setuid(fresh_user());
            for (int i = 0; i < 5; ++i) {
              pthread_t thread;
              errno = ::pthread_create(
                  &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
              if (errno != 0) say("thread: %s\n", outcome(-1));
              ::pthread_join(thread, nullptr);
              // It is gone a moment after it has been joined.
              ::usleep(20'000);
            }
            return 0;
          }));
  say_end("root may", in_child([] {
            set_limit(RLIMIT_NPROC, 0, 0);
            say_end("child", in_child([] { return 0; }));
            return 0;
          }));
  // setuid(2) into a user who has too many succeeds, and execve(2) then fails; with as many as allowed it does not.
  const uid_t user = fresh_user();
  const auto join = [user] {
    set_limit(RLIMIT_NPROC, 0, 0);
    say("setuid: %s\n", outcome(::setuid(user)));
    say("fork: %s\n", outcome(::fork()));
    say("execve: %s\n", outcome(::execl("/bin/sleep", "sleep", "1000", nullptr)));
    return 0;
  };
  const pid_t first = in_child(join);
  await_asleep(first);
  say_end("a second one", in_child(join));
  ::kill(first, SIGKILL);
  say_end("the first one", first);
}

static int queue(int signal, int value) {
  sigval payload{};
  payload.sival_int = value;
  return ::sigqueue(::getpid(), signal, payload);
}

static void take(const sigset_t& set) {
  siginfo_t information{};
  const timespec now{};
  const int signal = ::sigtimedwait(&set, &information, &now);
  if (signal < 0) {
    say("nothing: %s\n", outcome(signal));
  } else {
    say("RTMIN%+d: code %d, value %d\n", signal - SIGRTMIN, information.si_code,
        information.si_code == SI_QUEUE ? information.si_value.sival_int : 0);
  }
}

static void pending_signals() {
  say_end("at most three pending", in_child([] {
            set_limit(RLIMIT_SIGPENDING, 3, 3);
            ::setuid(fresh_user());
            sigset_t set;
            ::sigfillset(&set);
            ::sigprocmask(SIG_BLOCK, &set, nullptr);
            for (int i = 0; i < 5; ++i) say("sigqueue: %s\n", outcome(queue(SIGRTMIN + i % 2, i)));
            say("a standard one: %s\n", outcome(queue(SIGUSR1, 7)));
            say("kill, real-time: %s\n", outcome(::kill(::getpid(), SIGRTMIN + 2)));
            say("kill: %s\n", outcome(::kill(::getpid(), SIGUSR2)));
            timer_t timer;
            sigevent event{};
            event.sigev_notify = SIGEV_SIGNAL;
            event.sigev_signo = SIGRTMIN + 3;
            say("timer: %s\n", outcome(::timer_create(CLOCK_MONOTONIC, &event, &timer)));
            // Another process of the same user.
            say_end("child", in_child([] {
                      sigset_t none;
                      ::sigemptyset(&none);
                      say("sigqueue: %s\n", outcome(queue(SIGRTMIN, 9)));
                      return 0;
                    }));
            for (int i = 0; i < 7; ++i) take(set);
            say("timer: %s\n", outcome(::timer_create(CLOCK_MONOTONIC, &event, &timer)));
            for (int i = 0; i < 3; ++i) say("sigqueue: %s\n", outcome(queue(SIGRTMIN, i)));
            const itimerspec soon{{0, 0}, {0, 1}};
            ::timer_settime(timer, 0, &soon, nullptr);
            ::usleep(20'000);
            for (int i = 0; i < 4; ++i) take(set);
            return 0;
          }));
}

static void niceness() {
  say_end("nice", in_child([] {
            set_limit(RLIMIT_NICE, 0, 0);
            ::setuid(fresh_user());
            for (const int nice : {5, 10, 3, 2, 1, 2, 0})
              say("%d: %s\n", nice, outcome(::setpriority(PRIO_PROCESS, 0, nice)));
            say("now %d\n", ::getpriority(PRIO_PROCESS, 0));
            return 0;
          }));
}

__attribute__((noinline)) static int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth == 0 ? frame[0] : recurse(depth - 1) + frame[0];
}

static void stack() {
  say_end("a stack of 1 MiB", in_child([] {
            recurse(64);
            set_limit(RLIMIT_STACK, 1 << 20, RLIM_INFINITY);
            recurse(512);
            return 0;
          }));
}

static void others() {
  const rlimit same{100, 200};
  rlimit old{};
  const pid_t roots = in_child([]() -> int {
    for (;;) ::pause();
  });
  say_end("another user's", in_child([&] {
            ::setuid(fresh_user());
            say("look: %s, change: %s\n", outcome(::prlimit(roots, RLIMIT_NOFILE, nullptr, &old)),
                outcome(::prlimit(roots, RLIMIT_NOFILE, &same, nullptr)));
            say("pid 1: %s\n", outcome(::prlimit(1, RLIMIT_NOFILE, nullptr, &old)));
            const pid_t own = in_child([]() -> int {
              for (;;) ::pause();
            });
            say("its own: %s", outcome(::prlimit(own, RLIMIT_NOFILE, &same, nullptr)));
            ::prlimit(own, RLIMIT_NOFILE, nullptr, &old);
            say(", %lu of %lu\n", old.rlim_cur, old.rlim_max);
            const rlimit more{100, 300};
            say("more again: %s\n", outcome(::prlimit(own, RLIMIT_NOFILE, &more, nullptr)));
            ::kill(own, SIGKILL);
            wait_all();
            return 0;
          }));
  ::kill(roots, SIGKILL);
  say_end("root's", roots);
  // A thread's id names its process.
  pthread_t thread;
  static volatile pid_t tid;
  static volatile bool end;
  ::pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        tid = ::gettid();
        while (!end) ::usleep(1'000);
        return nullptr;
      },
      nullptr);
  while (tid == 0) ::usleep(1'000);
  say("of a thread: %s\n", outcome(::prlimit(tid, RLIMIT_NOFILE, nullptr, &old)));
  end = true;
  ::pthread_join(thread, nullptr);
}

static int run() {
  processor_time();
  processes();
  pending_signals();
  niceness();
  stack();
  others();
  return 0;
}

static const Topic topic("resource_limits", run);
