// prctl, resource limits, scheduling attributes, names, clocks and random numbers: what is the same on every Linux.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static void names() {
  ::prctl(PR_SET_NAME, "a name that is too long");
  char name[16] = {};
  ::prctl(PR_GET_NAME, name);
  say("name %s\n", name);
  utsname machine{};
  ::uname(&machine);
  say("system %s machine %s\n", machine.sysname, machine.machine);
}

static void attributes() {
  int signal = -1;
  say("no_new_privs %d", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  say(" set %s", outcome(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  say(" wrong %s", outcome(::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  say(" now %d\n", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  ::prctl(PR_SET_PDEATHSIG, SIGUSR1);
  ::prctl(PR_GET_PDEATHSIG, &signal);
  say("death signal %d, wrong %s\n", signal, outcome(::prctl(PR_SET_PDEATHSIG, 65)));
  say("dumpable wrong %s\n", outcome(::prctl(PR_SET_DUMPABLE, 2)));
  say("no such option %s\n", outcome(::prctl(9999)));
  say_end("a child whose parent dies", in_child([] {
            int ends[2];
            if (::pipe(ends) != 0) return 1;
            const pid_t middle = in_child([&] {
              in_child([&] {
                ::close(ends[0]);
                ::prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)!::write(ends[1], "r", 1);
                ::pause();
                return 0;
              });
              char ready;
              (void)!::read(ends[0], &ready, 1);
              return 0;
            });
            ::close(ends[1]);
            ::waitpid(middle, nullptr, 0);
            char byte;
            // The end of the grandchild closes the last writing end.
            return ::read(ends[0], &byte, 1) == 0 ? 4 : 5;
          }));
}

static void limits() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit lower{100, 200};
  say("lower %s\n", outcome(::setrlimit(RLIMIT_NOFILE, &lower)));
  rlimit old{};
  say("prlimit %s", outcome(::prlimit(0, RLIMIT_NOFILE, nullptr, &old)));
  say(": %lu %lu\n", old.rlim_cur, old.rlim_max);
  const rlimit crossed{300, 200};
  say("soft above hard %s\n", outcome(::setrlimit(RLIMIT_NOFILE, &crossed)));
  say("no such limit %s\n", outcome(::prlimit(0, static_cast<__rlimit_resource>(77), nullptr, &old)));
  say("no such process %s\n", outcome(::prlimit(99999, RLIMIT_NOFILE, nullptr, &old)));
  say("inherited: ");
  say_end("child", in_child([] {
            rlimit inherited{};
            ::getrlimit(RLIMIT_NOFILE, &inherited);
            return static_cast<int>(inherited.rlim_cur);
          }));
}

static void scheduling() {
  sched_param parameter{};
  say("policy %d, priorities %d..%d and %d..%d, wrong %s\n", ::sched_getscheduler(0),
      ::sched_get_priority_min(SCHED_OTHER), ::sched_get_priority_max(SCHED_OTHER),
      ::sched_get_priority_min(SCHED_FIFO), ::sched_get_priority_max(SCHED_FIFO),
      outcome(::sched_get_priority_max(42)));
  say("batch %s, batch with a priority ", outcome(::sched_setscheduler(0, SCHED_OTHER, &parameter)));
  parameter.sched_priority = 3;
  say("%s\n", outcome(::sched_setscheduler(0, SCHED_BATCH, &parameter)));
  cpu_set_t set;
  CPU_ZERO(&set);
  say("affinity: %s, none ", outcome(::sched_getaffinity(0, sizeof set, &set)));
  const bool first = CPU_COUNT(&set) > 0;
  CPU_ZERO(&set);
  say("%s, some cpu %d\n", outcome(::sched_setaffinity(0, sizeof set, &set)), first);
  errno = 0;
  say("nice %d", ::getpriority(PRIO_PROCESS, 0));
  say(" to 5 %s", outcome(::setpriority(PRIO_PROCESS, 0, 5)));
  say(" now %d\n", ::getpriority(PRIO_PROCESS, 0));
  say("no such process %s\n", outcome(::setpriority(PRIO_PROCESS, 99999, 5)));
  say("yield %s\n", outcome(::sched_yield()));
}

// Work without system calls, which an emulated kernel would need far more time for.
static void compute() {
  for (int i = 0; i < 1'000'000; ++i) asm volatile("");
}

static void clocks() {
  timespec a;
  timespec b;
  for (const int clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                          CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI}) {
    ::clock_gettime(clock, &a);
    compute();
    say("clock %d: %s, ", clock, outcome(::clock_gettime(clock, &b)));
    say("forward %d\n", b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec > a.tv_nsec));
  }
  say("no such clock %s\n", outcome(::clock_gettime(77, &a)));
  ::clock_getres(CLOCK_MONOTONIC, &a);
  say("resolution %ld ns\n", a.tv_nsec);
  const timespec bad{0, -1};
  say("bad sleep %s\n", outcome(::nanosleep(&bad, nullptr)));

  // CPU time shows where it was spent.
  rusage self{};
  while (self.ru_utime.tv_usec < 30'000) {
    compute();
    ::getrusage(RUSAGE_SELF, &self);
  }
  say_end("busy child", in_child([] {
            rusage own{};
            do {
              compute();
              ::getrusage(RUSAGE_SELF, &own);
            } while (own.ru_utime.tv_sec * 1'000'000 + own.ru_utime.tv_usec < 50'000);
            return 0;
          }));
  rusage children{};
  ::getrusage(RUSAGE_CHILDREN, &children);
  say("children's time counts %d\n", children.ru_utime.tv_sec * 1'000'000 + children.ru_utime.tv_usec >= 50'000);
  tms all{};
  say("times %d\n", ::times(&all) != static_cast<clock_t>(-1) && all.tms_cutime >= 5);
}

static void randomness() {
  unsigned char first[300] = {};
  unsigned char second[300] = {};
  say("getrandom %zd %zd, differ %d\n", ::getrandom(first, sizeof first, 0),
      ::getrandom(second, sizeof second, GRND_NONBLOCK), std::memcmp(first, second, sizeof first) != 0);
  say("wrong flags %s\n", outcome(::getrandom(first, 1, 0x80)));
  say("bad address %s\n", outcome(::syscall(SYS_getrandom, 16, 1, 0)));
}

static int run() {
  names();
  attributes();
  limits();
  scheduling();
  clocks();
  randomness();
  return 0;
}

static const Topic topic("process_attributes", run);
