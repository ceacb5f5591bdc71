// Timers and sleeps on CPU-time clocks: one's own process's, a thread's, another process's; which clocks there can be timers on.
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t count;
static siginfo_t last;
static volatile pid_t taken_by;

static void install(int number) {
  struct sigaction description {};
  description.sa_sigaction = [](int, siginfo_t* information, void*) {
    last = *information;
    taken_by = ::gettid();
    count = count + 1;
  };
  description.sa_flags = SA_SIGINFO;
  ::sigemptyset(&description.sa_mask);
  ::sigaction(number, &description, nullptr);
}

// As the kernel has it: the C library's ids are its own.
static long create(int clock, sigevent* event, int& id) {
  return ::syscall(SYS_timer_create, clock, event, &id);
}
static long set(int id, int flags, long ns, long interval_ns = 0, itimerspec* old = nullptr) {
  const itimerspec value{{interval_ns / 1'000'000'000, interval_ns % 1'000'000'000},
                         {ns / 1'000'000'000, ns % 1'000'000'000}};
  return ::syscall(SYS_timer_settime, id, flags, &value, old);
}
static long left(int id) {
  itimerspec value{};
  if (::syscall(SYS_timer_gettime, id, &value) < 0) return -1;
  return value.it_value.tv_sec * 1'000'000'000 + value.it_value.tv_nsec;
}
static long overrun(int id) {
  return ::syscall(SYS_timer_getoverrun, id);
}
static long remove(int id) {
  return ::syscall(SYS_timer_delete, id);
}
static long now(int clock) {
  timespec time{};
  if (::syscall(SYS_clock_gettime, clock, &time) < 0) return -1;
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}
static long sleep_on(int clock, int flags, long ns, timespec* rest = nullptr) {
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  return ::syscall(SYS_clock_nanosleep, clock, flags, &time, rest);
}

// clock_getcpuclockid(3), pthread_getcpuclockid(3): what is counted is 0 all, 1 user mode, 2 all, 3 nothing there is.
static int process_clock(pid_t pid, int what = 2) {
  return static_cast<int>(~static_cast<unsigned>(pid) << 3 | static_cast<unsigned>(what));
}
static int thread_clock(pid_t tid, int what = 2) {
  return process_clock(tid, what) | 4;
}

static sigevent signal_event(int number, int value) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = number;
  event.sigev_value.sival_int = value;
  return event;
}

struct Spinner {
  Spinner() {
    ::pthread_create(
        &thread, nullptr,
        [](void* self) -> void* {
          auto& spinner = *static_cast<Spinner*>(self);
          spinner.tid = ::gettid();
          while (!spinner.stop) continue;
          return nullptr;
        },
        this);
    while (tid == 0) ::usleep(1000);
  }
  ~Spinner() {
    stop = true;
    ::pthread_join(thread, nullptr);
  }
  pthread_t thread;
  std::atomic<pid_t> tid = 0;
  std::atomic<bool> stop = false;
};

static void which_clocks() {
  for (int clock = 0; clock < 14; ++clock) {
    if (clock == 8 || clock == 9) continue;  // alarms: whether there is a real-time clock
    int id = -1;
    say("clock %d: timer %s, ", clock, outcome(create(clock, nullptr, id)));
    say("sleep %s, ", outcome(sleep_on(clock, 0, 0)));
    say("bad time %s, ", outcome(sleep_on(clock, 0, -1)));
    say("absolute %s\n", outcome(sleep_on(clock, TIMER_ABSTIME, 1)));
    if (id >= 0) remove(id);
  }
  const pid_t child = in_child([] { return ::pause(); });
  Spinner spinner;
  const struct {
    const char* name;
    pid_t id;
  } ids[] = {{"0", 0},         {"own", ::getpid()},     {"thread", spinner.tid},
             {"child", child}, {"parent", ::getppid()}, {"none", 0x3fffff}};
  for (const auto& [name, which] : ids) {
    for (int what = 0; what < 4; ++what) {
      for (const bool thread : {false, true}) {
        const int clock = thread ? thread_clock(which, what) : process_clock(which, what);
        int id = -1;
        say("%s %s %d: read %s, ", name, thread ? "thread" : "process", what, outcome(now(clock) >= 0 ? 0 : -1));
        say("timer %s, ", outcome(create(clock, nullptr, id)));
        say("sleep %s, ", outcome(sleep_on(clock, TIMER_ABSTIME, 0)));
        const timespec time{};
        say("set %s\n", outcome(::syscall(SYS_clock_settime, clock, &time)));
        if (id >= 0) remove(id);
      }
    }
  }
  // A thread reads its process's clock by its own number.
  std::atomic<int> read = 0, timer = 0;
  std::atomic<int>* results[] = {&read, &timer};
  pthread_t thread;
  ::pthread_create(
      &thread, nullptr,
      [](void* argument) -> void* {
        auto** two = static_cast<std::atomic<int>**>(argument);
        int id;
        *two[0] = now(process_clock(::gettid())) >= 0 ? 0 : errno;
        *two[1] = create(process_clock(::gettid()), nullptr, id) >= 0 ? 0 : errno;
        return nullptr;
      },
      results);
  ::pthread_join(thread, nullptr);
  say("by a thread's number: read %d, timer %d\n", read.load(), timer.load());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

// A period that leaves time for what takes its signals, however slow the machine is.
static long a_while() {
  const long begin = now(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < 8; ++i) ::raise(SIGRTMIN);
  return std::max(2'000'000l, now(CLOCK_PROCESS_CPUTIME_ID) - begin);
}

// In user mode.
static void compute() {
  volatile int steps = 0;
  while (steps < 20'000) steps = steps + 1;
}

static void own_time() {
  install(SIGRTMIN);
  const long unit = a_while();
  for (const int clock : {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, process_clock(0, 0),
                          process_clock(::getpid(), 1), thread_clock(::gettid(), 1)}) {
    sigevent event = signal_event(SIGRTMIN, clock);
    int id;
    say("create: %s, ", outcome(create(clock, &event, id)));
    count = 0;
    set(id, 0, 2 * unit);
    const long rest = left(id);
    say("left in bounds %d, ", rest > 0 && rest <= 2 * unit);
    while (count == 0) continue;
    say("code %d, value is right %d, left %ld\n", last.si_code, last.si_value.sival_int == clock, left(id));
    // The signal waits, and periods pass meanwhile.
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGRTMIN);
    ::sigprocmask(SIG_BLOCK, &mask, nullptr);
    count = 0;
    const long begin = now(clock);
    set(id, 0, unit, unit);
    // Linux looks at such timers when the clock ticks, which it does late where the host has taken the processor away.
    sigset_t pending;
    do {
      compute();
      ::sigpending(&pending);
    } while (now(clock) < begin + 6 * unit || !::sigismember(&pending, SIGRTMIN));
    const long later = left(id);
    say("periodic, left in bounds %d, ", later > 0 && later <= unit);
    ::sigprocmask(SIG_UNBLOCK, &mask, nullptr);
    const long missed = overrun(id);
    say("taken %d, overruns of the signal %d, enough %d\n", count > 0, last.si_overrun == missed || count > 1,
        missed > 3 || count > 1);
    while (count < 3) continue;
    itimerspec old{};
    set(id, 0, 0, 5, &old);
    say("before: the interval and %ld, left %d; now %ld\n", old.it_interval.tv_nsec - unit,
        old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= unit, left(id));
    // A point that has passed.
    count = 0;
    say("passed: %s", outcome(set(id, TIMER_ABSTIME, 1)));
    say(", came %d, left %ld\n", static_cast<int>(count), left(id));
    say("far away: %s", outcome(set(id, TIMER_ABSTIME, now(clock) + 3'600'000'000'000)));
    say(", left in bounds %d\n", left(id) > 3'500'000'000'000 && left(id) <= 3'600'000'000'000);
    say("the end of time: %s", outcome(set(id, TIMER_ABSTIME, 0x7fff'ffff'ffff'ffff)));
    say(", left %d\n", left(id) > 3'600'000'000'000);
    say("delete: %s\n", outcome(remove(id)));
  }
  // Nobody is told.
  sigevent event{};
  event.sigev_notify = SIGEV_NONE;
  int id;
  create(CLOCK_PROCESS_CPUTIME_ID, &event, id);
  set(id, TIMER_ABSTIME, 1);
  say("quiet: left %ld", left(id));
  set(id, TIMER_ABSTIME, 1, 1'000'000'000);
  say(", periodic: %d\n", left(id) > 0 && left(id) <= 1'000'000'000);
  remove(id);
  // execve and fork leave no timers.
  say_end("a child's", in_child([] { return left(0) < 0 && errno == EINVAL ? 0 : 1; }));
}

static void threads() {
  Spinner spinner;
  sigevent event = signal_event(SIGRTMIN, 1);
  event.sigev_notify = SIGEV_THREAD_ID;
  event._sigev_un._tid = ::gettid();
  int id;
  say("of another thread: %s\n", outcome(create(thread_clock(spinner.tid), &event, id)));
  count = 0;
  set(id, 0, 3'000'000);
  while (count == 0) ::pause();
  say("it came to the first: %d\n", taken_by == ::gettid());
  remove(id);
  // Its own clock stands still while the other one computes.
  create(CLOCK_THREAD_CPUTIME_ID, &event, id);
  count = 0;
  set(id, 0, 500'000'000);
  say("a sleep by the process's time: %s\n", outcome(sleep_on(CLOCK_PROCESS_CPUTIME_ID, 0, 10'000'000)));
  say("own time: %d\n", static_cast<int>(count));
  say("by its number, absolute: %s\n",
      outcome(sleep_on(process_clock(::getpid()), TIMER_ABSTIME, now(CLOCK_PROCESS_CPUTIME_ID) + 5'000'000)));
  say("by the thread's: %s\n", outcome(sleep_on(thread_clock(spinner.tid), 0, 5'000'000)));
  remove(id);
  create(thread_clock(spinner.tid), &event, id);
  spinner.stop = true;
  ::pthread_join(spinner.thread, nullptr);
  while (::syscall(SYS_tgkill, ::getpid(), spinner.tid.load(), 0) == 0) ::usleep(1000);  // it has ended, or nearly so
  while (left(id) == 0 && set(id, 0, 1'000'000'000) == 0) ::usleep(1000), set(id, 0, 0);
  say("when it has ended: %s", outcome(set(id, 0, 1'000'000)));
  say(", left %ld, delete %s\n", left(id), outcome(remove(id)));
  ::pthread_create(
      &spinner.thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
}

static void others() {
  // Computes when it is told to.
  static volatile sig_atomic_t computes = 0;
  const pid_t child = in_child([] {
    ::signal(SIGUSR1, [](int) { computes = 1; });
    ::signal(SIGUSR2, [](int) { computes = 0; });
    for (;;) {
      if (!computes) ::pause();
    }
    return 0;
  });
  await_asleep(child);
  sigevent event = signal_event(SIGRTMIN, 9);
  int id;
  say("of a child: %s\n", outcome(create(process_clock(child), &event, id)));
  count = 0;
  set(id, 0, 20'000'000);
  ::usleep(30'000);
  say("asleep: %d\n", static_cast<int>(count));
  ::kill(child, SIGUSR1);
  while (count == 0) ::usleep(1'000);
  say("busy: %d, code %d\n", static_cast<int>(count), last.si_code);
  say("sleep: %s\n", outcome(sleep_on(process_clock(child), 0, 5'000'000)));
  // A signal comes while its time does not pass.
  ::kill(child, SIGUSR2);
  for (const int flags : {0, TIMER_ABSTIME}) {
    const pid_t self = ::getpid();
    const pid_t waker = in_child([self] {
      await_asleep(self);
      return ::kill(self, SIGRTMIN);
    });
    timespec rest{-1, -1};
    say("interrupted: %s", outcome(sleep_on(process_clock(child), flags, 1'000'000'000'000, &rest)));
    say(", rest %s\n", rest.tv_sec == -1                           ? "untouched"
                       : rest.tv_sec > 900 && rest.tv_sec <= 1'000 ? "in bounds"
                                                                   : "wrong");
    ::waitpid(waker, nullptr, 0);
  }
  // A zombie has a clock, too; nobody has one who was collected.
  set(id, 0, 1'000'000'000);
  ::kill(child, SIGKILL);
  siginfo_t information{};
  ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOWAIT);
  say("zombie: left %d, ", left(id) > 0 && left(id) <= 1'000'000'000);
  say("set %s, ", outcome(set(id, 0, 1'000'000'000)));
  say("read %d\n", now(process_clock(child)) > 0);
  ::waitpid(child, nullptr, 0);
  say("collected: left %ld, ", left(id));
  say("set %s, ", outcome(set(id, 0, 1'000'000)));
  say("read %s, ", outcome(now(process_clock(child))));
  say("sleep %s, ", outcome(sleep_on(process_clock(child), 0, 1)));
  say("delete %s\n", outcome(remove(id)));
}

// The process whose time somebody waits for ends meanwhile: nothing tells him; a signal does.
static void gone() {
  ::signal(SIGCHLD, SIG_IGN);
  const pid_t child = in_child([] { return ::pause(); });
  const pid_t self = ::getpid();
  const pid_t waker = in_child([self, child] {
    await_asleep(self);
    ::kill(child, SIGKILL);
    while (::kill(child, 0) == 0) ::usleep(1'000);
    await_asleep(self);
    return ::kill(self, SIGRTMIN);
  });
  count = 0;
  timespec rest{-1, -1};
  say("gone: %s", outcome(sleep_on(process_clock(child), 0, 1'000'000'000'000, &rest)));
  say(", signal %d, rest %s\n", static_cast<int>(count),
      rest.tv_sec == -1  ? "untouched"
      : rest.tv_sec == 0 ? "none"
                         : "some");
  ::waitpid(waker, nullptr, 0);
}

static const Topic topic("cpu_timers", [] {
  which_clocks();
  own_time();
  threads();
  others();
  gone();
  return 0;
});
