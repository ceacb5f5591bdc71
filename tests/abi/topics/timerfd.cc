// timerfd_create(2): one shot, periods that are counted and not run, what is left, poll(2) and epoll(7), the calls' errors.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "../topic.h"

using namespace abi;

static constexpr long kMillisecond = 1'000'000;

static int set(int fd, long value_ns, long interval_ns, int flags = 0, itimerspec* old = nullptr) {
  const itimerspec value{{interval_ns / 1'000'000'000, interval_ns % 1'000'000'000},
                         {value_ns / 1'000'000'000, value_ns % 1'000'000'000}};
  return ::timerfd_settime(fd, flags, &value, old);
}

static long nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

static std::uint64_t take(const char* what, int fd, bool exactly = true) {
  std::uint64_t ticks = 0;
  const ssize_t count = ::read(fd, &ticks, sizeof ticks);
  say("%s: %s", what, outcome(count));
  if (count == 8) say(exactly ? " %d" : " many %d", exactly ? static_cast<int>(ticks) : ticks > 1);
  say("\n");
  return ticks;
}

static bool readable(int fd) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLRDNORM, 0};
  return ::poll(&poll, 1, 0) == 1 && poll.revents == POLLIN;
}

static void errors() {
  say("clock 99: %s\n", outcome(::timerfd_create(99, 0)));
  for (int clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
                    CLOCK_REALTIME_COARSE, CLOCK_TAI}) {
    const int fd = ::timerfd_create(clock, 0);
    say("clock %d: %s\n", clock, outcome(fd));
    ::close(fd);
  }
  say("flags: %s\n", outcome(::timerfd_create(CLOCK_MONOTONIC, 1)));
  say("alarm with flags: %s\n", outcome(::timerfd_create(CLOCK_REALTIME_ALARM, 1)));
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  say("flags %#o %d\n", ::fcntl(fd, F_GETFL), ::fcntl(fd, F_GETFD));
  const int event = ::eventfd(0, 0);
  const itimerspec wrong{{0, 0}, {0, 1'000'000'000}}, negative{{0, -1}, {0, 0}}, fine{{0, 0}, {100, 0}};
  say("set wrong: %s\n", outcome(::timerfd_settime(fd, 0, &wrong, nullptr)));
  say("set negative: %s\n", outcome(::timerfd_settime(fd, 0, &negative, nullptr)));
  say("set flags: %s\n", outcome(::timerfd_settime(fd, 4, &fine, nullptr)));
  say("set another kind: %s\n", outcome(::timerfd_settime(event, 0, &fine, nullptr)));
  say("set nothing: %s\n", outcome(::timerfd_settime(99, 0, &fine, nullptr)));
  say("set wrong of nothing: %s\n", outcome(::timerfd_settime(99, 0, &wrong, nullptr)));
  say("set from nowhere: %s\n", outcome(::syscall(SYS_timerfd_settime, fd, 0, 16, nullptr)));
  say("set, old nowhere: %s\n", outcome(::syscall(SYS_timerfd_settime, fd, 0, &fine, 16)));
  itimerspec left{};
  say("get another kind: %s\n", outcome(::timerfd_gettime(event, &left)));
  say("get to nowhere: %s\n", outcome(::syscall(SYS_timerfd_gettime, fd, 16)));
  say("get: %s", outcome(::timerfd_gettime(fd, &left)));
  say(" %d\n", nanoseconds(left.it_value) > 99 * 1'000'000'000L);
  char bytes[16] = {};
  say("read of 7: %s\n", outcome(::read(fd, bytes, 7)));
  say("read of 8: %s\n", outcome(::read(fd, bytes, 8)));
  say("write: %s\n", outcome(::write(fd, bytes, 8)));
  say("pread: %s\n", outcome(::pread(fd, bytes, 8, 0)));
  say("seek: %s\n", outcome(::lseek(fd, 3, SEEK_SET)));
  say("ioctl: %s\n", outcome(::ioctl(fd, 0x5401, bytes)));
  ::close(event);
  ::close(fd);
}

static void one_shot() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, 0);
  itimerspec left{}, old{};
  ::timerfd_gettime(fd, &left);
  say("new: %ld %ld\n", nanoseconds(left.it_value), nanoseconds(left.it_interval));
  set(fd, 3 * kMillisecond, 0);
  take("one", fd);
  say("ready: %d\n", readable(fd));
  ::timerfd_gettime(fd, &left);
  say("expired: %ld\n", nanoseconds(left.it_value));
  set(fd, 50'000 * kMillisecond, 7);
  set(fd, 1, 0, 0, &old);
  say("old: %d %ld\n", nanoseconds(old.it_value) > 40'000 * kMillisecond, nanoseconds(old.it_interval));
  take("at once", fd);
  // Set again: what was not read is forgotten.
  set(fd, 1, 0);
  while (!readable(fd)) ::usleep(200);
  set(fd, 50'000 * kMillisecond, 0, 0, &old);
  say("forgotten: %d, old: %ld\n", readable(fd), nanoseconds(old.it_value));
  set(fd, 0, 5, 0, &old);
  say("disarmed: old %d\n", nanoseconds(old.it_value) > 40'000 * kMillisecond);
  ::timerfd_gettime(fd, &left);
  say("disarmed: %ld %ld\n", nanoseconds(left.it_value), nanoseconds(left.it_interval));
  // A point of time that has passed.
  set(fd, 1, 0, TFD_TIMER_ABSTIME);
  take("long ago", fd);
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  set(fd, nanoseconds(now) + 3 * kMillisecond, 0, TFD_TIMER_ABSTIME);
  take("absolute", fd);
  set(fd, 0x7fff'ffff'ffff'ffff, 0);
  say("far: %d\n", readable(fd));
  const itimerspec farther{{0x7fff'ffff'ffff'ffff, 0}, {0x7fff'ffff'ffff'ffff, 999'999'999}};
  say("farther: %s\n", outcome(::timerfd_settime(fd, TFD_TIMER_ABSTIME, &farther, nullptr)));
  ::close(fd);
}

static void periods() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, 0);
  set(fd, 1, 500'000 * kMillisecond);
  take("first of a long period", fd);
  itimerspec left{};
  ::timerfd_gettime(fd, &left);
  say("next: %d, %d\n", nanoseconds(left.it_value) > 400'000 * kMillisecond,
      nanoseconds(left.it_interval) == 500'000 * kMillisecond);
  set(fd, kMillisecond, kMillisecond);
  ::usleep(20'000);
  take("many", fd, false);
  set(fd, 1, 1);
  ::usleep(1'000);
  say("a period of 1 ns: %d\n", take("each ns", fd, false) > 100'000);
  for (int i = 0; i < 100; ++i) {
    std::uint64_t ticks = 0;
    if (::read(fd, &ticks, sizeof ticks) != 8 || ticks == 0) say("no tick\n");
  }
  // Asking what is left moves it on, and loses nothing.
  set(fd, kMillisecond, kMillisecond);
  ::usleep(10'000);
  ::timerfd_gettime(fd, &left);
  say("in period: %d\n", nanoseconds(left.it_value) <= kMillisecond);
  take("many still", fd, false);
  // Absolute, with a period, from long ago: all periods since then.
  set(fd, 1, 1'000'000'000, TFD_TIMER_ABSTIME);
  std::uint64_t ticks = 0;
  ::read(fd, &ticks, sizeof ticks);
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  say("since boot: %d\n",
      ticks + 2 > static_cast<std::uint64_t>(now.tv_sec) && ticks < static_cast<std::uint64_t>(now.tv_sec) + 3);
  ::close(fd);
}

static void waiting() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const int epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  take("not yet", fd);
  set(fd, 2 * kMillisecond, 0);
  say("epoll: %d", ::epoll_wait(epoll, &event, 1, 10'000));
  say(" %#x\n", static_cast<unsigned>(event.events));
  say("no edge: %d\n", ::epoll_wait(epoll, &event, 1, 0));
  take("non-blocking", fd);
  // An edge for each expiry of a period that is read, one for any number that is not.
  set(fd, kMillisecond, kMillisecond);
  say("edge: %d\n", ::epoll_wait(epoll, &event, 1, 10'000));
  say("no second one without a read: %d\n", ::epoll_wait(epoll, &event, 1, 10));
  take("some", fd, false);
  say("edge: %d\n", ::epoll_wait(epoll, &event, 1, 10'000));
  set(fd, 0, 0);
  say("disarmed: %d\n", readable(fd));
  ::fcntl(fd, F_SETFL, 0);
  const pid_t reader = in_child([&] {
    std::uint64_t ticks = 0;
    return ::read(fd, &ticks, sizeof ticks) == 8 && ticks == 1 ? 0 : 1;
  });
  await_asleep(reader);
  set(fd, 1, 0);
  say_end("reader", reader);
  ::close(fd);
  ::close(epoll);
}

static void ticks_from_outside() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  std::uint64_t ticks = 42;
  const unsigned long request = 0x40085400;  // TFD_IOC_SET_TICKS
  say("set ticks: %s\n", outcome(::ioctl(fd, request, &ticks)));
  take("taken", fd);
  ticks = 0;
  say("set none: %s\n", outcome(::ioctl(fd, request, &ticks)));
  say("set from nowhere: %s\n", outcome(::ioctl(fd, request, 16)));
  set(fd, 0, 3 * kMillisecond + 1'000'000'000, TFD_TIMER_ABSTIME);
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  FILE* file = ::fopen(name, "r");
  char line[256];
  while (::fgets(line, sizeof line, file)) {
    for (const char* start : {"clockid", "ticks", "settime", "it_"}) {
      if (std::strncmp(line, start, std::strlen(start)) == 0) say("%s", line);
    }
  }
  ::fclose(file);
  ::close(fd);
}

static const Topic topic("timerfd", [] {
  errors();
  one_shot();
  periods();
  waiting();
  ticks_from_outside();
  return 0;
});
