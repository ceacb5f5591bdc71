// Calls that wait, in a process that is stopped and continued meanwhile: they go on with the rest of their time, or say
// EINTR where Linux does (signal(7), "Interruption of system calls and library functions by stop signals").
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <functional>

#include "../topic.h"

using namespace abi;

static constexpr long kTimeout = 400'000'000;
static constexpr timespec kTime{.tv_sec = 0, .tv_nsec = kTimeout};

static long long now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// Stops a child while it waits, lets it go on, and says what became of the call. `after` runs once it goes on.
static void stopped(const char* what, const std::function<long()>& call, const std::function<void()>& after = {},
                    int stop_us = 20'000) {
  const pid_t child = in_child([&] {
    const long long start = now();
    errno = 0;
    const long result = call();
    const char* error = result < 0 ? outcome(result) : "ok";
    say("%s: %ld %s, waited for all of the time: %s\n", what, result, error, now() - start >= kTimeout ? "yes" : "no");
    return 0;
  });
  await_asleep(child);
  ::kill(child, SIGSTOP);
  ::waitpid(child, nullptr, WUNTRACED);
  ::usleep(static_cast<useconds_t>(stop_us));
  ::kill(child, SIGCONT);
  if (after) after();
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) say_status(what, status);
}

// A timeout that select(2) and ppoll(2) can read and not change.
template <typename Time>
static Time* read_only(const Time& time) {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* copy = static_cast<Time*>(page);
  *copy = time;
  ::mprotect(page, 4096, PROT_READ);
  return copy;
}

static int run() {
  int ends[2];
  ::pipe(ends);
  const auto write_byte = [&] { ::write(ends[1], "x", 1); };
  const auto read_byte = [&] {
    char byte;
    ::read(ends[0], &byte, 1);
  };
  pollfd one{.fd = ends[0], .events = POLLIN, .revents = 0x7fff};
  fd_set set;
  const auto select_set = [&] {
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    return &set;
  };

  stopped("poll", [&] { return ::poll(&one, 1, kTimeout / 1'000'000); });
  stopped(
      "poll, stopped for longer", [&] { return ::poll(&one, 1, kTimeout / 1'000'000); }, {}, 500'000);
  stopped(
      "poll without end", [&] { return ::poll(&one, 1, -1); }, write_byte);
  read_byte();
  stopped("ppoll", [&] {
    timespec time = kTime;
    const long result = ::syscall(SYS_ppoll, &one, 1, &time, nullptr, 0);
    if (time.tv_sec != 0 || time.tv_nsec != 0) say("ppoll: time is left\n");
    return result;
  });
  stopped(
      "ppoll without end", [&] { return ::ppoll(&one, 1, nullptr, nullptr); }, write_byte);
  read_byte();
  stopped("ppoll, read-only timeout", [&] { return ::syscall(SYS_ppoll, nullptr, 0, read_only(kTime), nullptr, 0); });
  stopped("select", [&] {
    timeval time{.tv_sec = 0, .tv_usec = kTimeout / 1'000};
    const long result = ::select(ends[0] + 1, select_set(), nullptr, nullptr, &time);
    if (time.tv_sec != 0 || time.tv_usec != 0) say("select: time is left\n");
    return result;
  });
  stopped(
      "select without end", [&] { return ::select(ends[0] + 1, select_set(), nullptr, nullptr, nullptr); }, write_byte);
  read_byte();
  stopped("select, read-only timeout", [&] {
    return ::syscall(SYS_select, 0, nullptr, nullptr, nullptr, read_only(timeval{.tv_sec = 0, .tv_usec = 400'000}));
  });
  stopped("pselect", [&] {
    timespec time = kTime;
    const long result = ::syscall(SYS_pselect6, ends[0] + 1, select_set(), nullptr, nullptr, &time, nullptr);
    if (time.tv_sec != 0 || time.tv_nsec != 0) say("pselect: time is left\n");
    return result;
  });
  stopped("nanosleep", [&] { return ::nanosleep(&kTime, nullptr); });
  stopped("clock_nanosleep until", [&] {
    timespec until;
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += kTimeout;
    if (until.tv_nsec >= 1'000'000'000) until.tv_sec += 1, until.tv_nsec -= 1'000'000'000;
    return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  });
  std::uint32_t word = 0;
  stopped("futex", [&] { return ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &kTime, nullptr, 0); });
  stopped("sigtimedwait", [&] {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    return ::sigtimedwait(&wanted, nullptr, &kTime);
  });
  stopped(
      "read",
      [&] {
        char byte;
        return ::read(ends[0], &byte, 1);
      },
      write_byte);

  // A result that is there is not lost because the timeout cannot be written; a zero timeout is not touched at all.
  write_byte();
  say("ready, read-only timeout: %ld\n", ::syscall(SYS_ppoll, &one, 1, read_only(kTime), nullptr, 0));
  say("at once, read-only timeout: %ld\n", ::syscall(SYS_ppoll, &one, 1, read_only(timespec{}), nullptr, 0));

  // The mask of a ppoll that goes on is the temporary one again, and the old one in the end.
  sigset_t blocked, none;
  ::sigemptyset(&none);
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGUSR1, [](int) { say("SIGUSR1 let in\n"); });
  const pid_t child = in_child([&] {
    const long result = ::ppoll(nullptr, 0, nullptr, &none);
    say("ppoll with another mask: %s\n", outcome(result));
    sigset_t mask;
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    return ::sigismember(&mask, SIGUSR1);
  });
  await_asleep(child);
  ::kill(child, SIGSTOP);
  ::waitpid(child, nullptr, WUNTRACED);
  ::kill(child, SIGCONT);
  await_asleep(child);
  ::kill(child, SIGUSR1);
  say_end("the old mask is back", child);
  return 0;
}

static const Topic topic("stopped_waits", run);
