// epoll(7): what the calls refuse, level-triggered and one-shot interests, the order of events, time and signals.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "../epolling.h"
#include "../topic.h"

using namespace abi;

static void wait_and_say(const char* what, int epoll, int most = 8, int milliseconds = 0) {
  epoll_event events[8]{};
  const int count = ::epoll_wait(epoll, events, most, milliseconds);
  say("%s: %s", what, outcome(count));
  for (int i = 0; i < count; ++i) {
    say(" [%llu %#x]", static_cast<unsigned long long>(events[i].data.u64), static_cast<unsigned>(events[i].events));
  }
  say("\n");
}

static void errors() {
  say("create 0: %s\n", outcome(::epoll_create(0)));
  say("create -1: %s\n", outcome(::epoll_create(-1)));
  say("create1 1: %s\n", outcome(::epoll_create1(1)));
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  say("close on exec: %d, flags %#o\n", ::fcntl(epoll, F_GETFD), ::fcntl(epoll, F_GETFL));
  const int event = ::eventfd(1, 0);
  ::close(::open("file", O_CREAT | O_RDWR, 0600));
  const int file = ::open("file", O_RDWR);
  const int directory = ::open(".", O_RDONLY);
  const int path_only = ::open("file", O_PATH);
  const int null = ::open("/dev/null", O_RDWR);
  const int zero = ::open("/dev/zero", O_RDWR);
  const int random = ::open("/dev/random", O_RDWR);
  const int urandom = ::open("/dev/urandom", O_RDWR);
  say("regular file: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, file, EPOLLIN, 0)));
  say("directory: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, directory, EPOLLIN, 0)));
  say("O_PATH: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, path_only, EPOLLIN, 0)));
  say("null: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, null, EPOLLIN, 0)));
  say("zero: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, zero, EPOLLIN, 0)));
  say("random: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, random, EPOLLIN, 0)));
  say("urandom: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, urandom, EPOLLIN, 0)));
  say("remove random: %s\n", outcome(control(epoll, EPOLL_CTL_DEL, random, 0, 0)));
  say("bad descriptor: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, 77, EPOLLIN, 0)));
  say("bad epoll: %s\n", outcome(control(77, EPOLL_CTL_ADD, event, EPOLLIN, 0)));
  say("itself: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN, 0)));
  say("not an epoll: %s\n", outcome(control(event, EPOLL_CTL_ADD, epoll, EPOLLIN, 0)));
  say("no operation: %s\n", outcome(control(epoll, 9, event, EPOLLIN, 0)));
  say("no event: %s\n", outcome(::epoll_ctl(epoll, EPOLL_CTL_ADD, event, nullptr)));
  say("no event to delete: %s\n", outcome(::epoll_ctl(epoll, EPOLL_CTL_DEL, event, nullptr)));
  say("modify nothing: %s\n", outcome(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN, 0)));
  say("add: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1)));
  say("again: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1)));
  epoll_event events[1];
  say("none: %s\n", outcome(::epoll_wait(epoll, events, 0, 0)));
  say("negative: %s\n", outcome(::epoll_wait(epoll, events, -1, 0)));
  say("too many: %s\n", outcome(::epoll_wait(epoll, events, 0x7fffffff / 12 + 1, 0)));
  say("not an epoll: %s\n", outcome(::epoll_wait(event, events, 1, 0)));
  say("no descriptor: %s\n", outcome(::epoll_wait(77, events, 0, 0)));
  say("nowhere: %s\n", outcome(::epoll_wait(epoll, reinterpret_cast<epoll_event*>(16), 1, 0)));
  say("outside: %s\n", outcome(::epoll_wait(epoll, reinterpret_cast<epoll_event*>(~0ULL - 4096), 1, 0)));
  wait_and_say("still there", epoll);
  char byte = 0;
  say("read: %s\n", outcome(::read(epoll, &byte, 1)));
  say("write: %s\n", outcome(::write(epoll, &byte, 1)));
  say("seek: %s\n", outcome(::lseek(epoll, 5, SEEK_SET)));
  char link[64] = {};
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", epoll);
  ::readlink(name, link, sizeof link - 1);
  say("is %s\n", link);
  for (int fd : {epoll, event, file, directory, path_only, null, zero, random, urandom}) ::close(fd);
}

static void level() {
  int pipe[2];
  ::pipe(pipe);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, pipe[0], EPOLLIN, 10);
  control(epoll, EPOLL_CTL_ADD, pipe[1], EPOLLOUT, 11);
  wait_and_say("empty pipe", epoll);
  ::write(pipe[1], "ab", 2);
  wait_and_say("two bytes", epoll);
  wait_and_say("and again", epoll);
  char byte;
  ::read(pipe[0], &byte, 1);
  wait_and_say("one byte", epoll);
  ::read(pipe[0], &byte, 1);
  wait_and_say("none", epoll);
  say("modify: %s\n", outcome(control(epoll, EPOLL_CTL_MOD, pipe[1], 0, 12)));
  wait_and_say("nothing asked of the writer", epoll);
  ::close(pipe[1]);
  wait_and_say("writer gone", epoll);
  say("ask the reader nothing: %s\n", outcome(control(epoll, EPOLL_CTL_MOD, pipe[0], 0, 13)));
  wait_and_say("a hang-up all the same", epoll);
  ::close(pipe[0]);
  wait_and_say("closed", epoll);
  ::pipe(pipe);
  control(epoll, EPOLL_CTL_ADD, pipe[1], EPOLLOUT | EPOLLWRNORM, 14);
  ::close(pipe[0]);
  wait_and_say("reader gone", epoll);
  ::close(pipe[1]);
  ::close(epoll);
}

static void one_shot() {
  const int event = ::eventfd(1, EFD_NONBLOCK);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLONESHOT, 20);
  wait_and_say("once", epoll);
  wait_and_say("twice", epoll);
  std::uint64_t one = 1;
  ::write(event, &one, sizeof one);
  wait_and_say("another", epoll);
  pollfd poll{epoll, POLLIN, 0};
  say("poll: %d\n", ::poll(&poll, 1, 0));
  control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLONESHOT, 21);
  say("poll: %d\n", ::poll(&poll, 1, 0));
  say("not copied: %s\n", outcome(::epoll_wait(epoll, reinterpret_cast<epoll_event*>(16), 4, 0)));
  wait_and_say("armed", epoll);
  wait_and_say("used", epoll);
  ::close(event);
  ::close(epoll);
}

// Ready items take turns where not all of them fit.
static void turns() {
  const int epoll = ::epoll_create1(0);
  int events[5];
  for (int i = 0; i < 5; ++i) {
    events[i] = ::eventfd(1, 0);
    control(epoll, EPOLL_CTL_ADD, events[i], EPOLLIN, static_cast<std::uint64_t>(i));
  }
  for (int i = 0; i < 4; ++i) wait_and_say("two of five", epoll, 2);
  std::uint64_t value;
  ::read(events[3], &value, sizeof value);
  wait_and_say("all but one", epoll);
  value = 1;
  ::write(events[3], &value, sizeof value);
  wait_and_say("it is the last", epoll);
  control(epoll, EPOLL_CTL_MOD, events[0], EPOLLIN, 100);
  wait_and_say("a change moves nothing", epoll);
  for (int fd : events) ::close(fd);
  ::close(epoll);
}

static void many() {
  static constexpr int kMany = 200;
  static constexpr std::uint32_t kHow[] = {EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT, EPOLLIN};
  const int epoll = ::epoll_create1(0);
  int fds[kMany];
  for (int i = 0; i < kMany; ++i) {
    fds[i] = ::eventfd(0, 0);
    control(epoll, EPOLL_CTL_ADD, fds[i], kHow[i % 3], static_cast<std::uint64_t>(i));
  }
  const std::uint64_t one = 1;
  for (int i = kMany; i-- > 0;) ::write(fds[i], &one, sizeof one);
  static epoll_event events[kMany];
  for (int round = 0; round < 3; ++round) {
    const int count = ::epoll_wait(epoll, events, kMany, 0);
    unsigned sum = 0;
    for (int i = 0; i < count; ++i) sum = sum * 31 + static_cast<unsigned>(events[i].data.u64);
    say("many: %d, %u\n", count, sum);
  }
  for (int i = 0; i < kMany; i += 2) control(epoll, EPOLL_CTL_DEL, fds[i], 0, 0);
  const int count = ::epoll_wait(epoll, events, kMany, 0);
  say("half: %d\n", count);
  for (int fd : fds) ::close(fd);
  say("closed: %d\n", ::epoll_wait(epoll, events, kMany, 0));
  ::close(epoll);
}

static void time_and_signals() {
  const int event = ::eventfd(0, 0);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 30);
  wait_and_say("5 ms", epoll, 8, 5);
  const pid_t waiter = in_child([&] {
    epoll_event got{};
    return ::epoll_wait(epoll, &got, 1, -1) == 1 && got.data.u64 == 30 ? 0 : 1;
  });
  await_asleep(waiter);
  const std::uint64_t one = 1;
  ::write(event, &one, sizeof one);
  say_end("waiter", waiter);
  std::uint64_t value;
  ::read(event, &value, sizeof value);
  ::signal(SIGUSR1, [](int) {});
  const auto interrupted = [&](auto call) {
    const pid_t child = in_child([&] {
      const long result = call();
      return result == -1 && errno == EINTR ? 0 : 1;
    });
    await_asleep(child);
    ::kill(child, SIGUSR1);
    say_end("interrupted", child);
  };
  epoll_event got{};
  interrupted([&] { return ::epoll_wait(epoll, &got, 1, -1); });
  interrupted([&] { return ::epoll_wait(epoll, &got, 1, 10000); });
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
  interrupted([&] { return ::epoll_wait(epoll, &got, 1, -1); });
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  interrupted([&] { return ::epoll_pwait(epoll, &got, 1, -1, &none); });
  timespec long_time{100, 0};
  interrupted([&] { return ::syscall(SYS_epoll_pwait2, epoll, &got, 1, &long_time, &none, 8); });
  // Stopped and continued: no handler, and ended all the same.
  const pid_t stopped = in_child([&] {
    const int result = ::epoll_wait(epoll, &got, 1, -1);
    return result == -1 && errno == EINTR ? 0 : 1;
  });
  await_asleep(stopped);
  ::kill(stopped, SIGSTOP);
  int status;
  ::waitpid(stopped, &status, WUNTRACED);
  ::kill(stopped, SIGCONT);
  say_end("continued", stopped);
  ::raise(SIGUSR1);
  say("pending, blocked: %d\n", ::epoll_pwait(epoll, &got, 1, 0, nullptr));
  say("pending, not blocked, no time: %s\n", outcome(::epoll_pwait(epoll, &got, 1, 0, &none)));
  sigset_t pending;
  ::sigpending(&pending);
  say("pending still: %d\n", ::sigismember(&pending, SIGUSR1));
  say("pending, not blocked: %s\n", outcome(::epoll_pwait(epoll, &got, 1, 1, &none)));
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  say("blocked again: %d\n", ::sigismember(&mask, SIGUSR1));
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  timespec none_left{0, 0}, wrong{0, 1'000'000'000}, negative{-1, 0};
  say("pwait2 none: %s\n", outcome(::syscall(SYS_epoll_pwait2, epoll, &got, 1, &none_left, nullptr, 0)));
  say("pwait2 wrong: %s\n", outcome(::syscall(SYS_epoll_pwait2, epoll, &got, 1, &wrong, nullptr, 0)));
  say("pwait2 negative: %s\n", outcome(::syscall(SYS_epoll_pwait2, epoll, &got, 1, &negative, nullptr, 0)));
  say("pwait2 nowhere: %s\n", outcome(::syscall(SYS_epoll_pwait2, epoll, &got, 1, 16, nullptr, 0)));
  say("pwait2, wrong and no epoll: %s\n", outcome(::syscall(SYS_epoll_pwait2, 77, &got, 1, &wrong, nullptr, 0)));
  say("mask of 4 bytes: %s\n", outcome(::syscall(SYS_epoll_pwait, epoll, &got, 1, 0, &none, 4)));
  say("mask of 4 bytes, no epoll: %s\n", outcome(::syscall(SYS_epoll_pwait, 77, &got, 1, 0, &none, 4)));
  say("mask nowhere: %s\n", outcome(::syscall(SYS_epoll_pwait, epoll, &got, 1, 0, 16, 8)));
  say("no mask of 4 bytes: %s\n", outcome(::syscall(SYS_epoll_pwait, epoll, &got, 1, 0, nullptr, 4)));
  timespec short_time{0, 2'000'000};
  say("pwait2 2 ms: %s\n", outcome(::syscall(SYS_epoll_pwait2, epoll, &got, 1, &short_time, nullptr, 0)));
  ::close(event);
  ::close(epoll);
}

static void information() {
  const int event = ::eventfd(0, 0);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET, 0xabcdef0123456789);
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fdinfo/%d", epoll);
  FILE* file = ::fopen(name, "r");
  char line[256];
  while (::fgets(line, sizeof line, file)) {
    if (std::strncmp(line, "tfd:", 4) != 0) continue;
    if (char* inode = std::strstr(line, " ino:")) *inode = 0;
    say("%.*s", 9, line);
    say("%s\n", std::strstr(line, " events:"));
  }
  ::fclose(file);
  FILE* limit = ::fopen("/proc/sys/fs/epoll/max_user_watches", "r");
  long most = 0;
  say("max_user_watches: %d", ::fscanf(limit, "%ld", &most));
  say(" %d\n", most > 1000);
  ::fclose(limit);
  ::close(event);
  ::close(epoll);
}

static const Topic topic("epoll_basic", [] {
  errors();
  level();
  one_shot();
  turns();
  many();
  time_and_signals();
  information();
  return 0;
});
