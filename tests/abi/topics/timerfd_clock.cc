// timerfd on the wall clock: absolute times, what may be asked of it, and what nobody sees as long as nobody sets the clock.
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>

#include "../topic.h"

using namespace abi;

static long now_ns(int clock) {
  timespec now;
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

static itimerspec at(long ns, long interval_ns = 0) {
  return {{interval_ns / 1'000'000'000, interval_ns % 1'000'000'000}, {ns / 1'000'000'000, ns % 1'000'000'000}};
}

static void take(const char* what, int fd) {
  std::uint64_t ticks = 0;
  say("%s: %s", what, outcome(::read(fd, &ticks, sizeof ticks)));
  say(" %d\n", static_cast<int>(ticks));
}

static const Topic topic("timerfd_clock", [] {
  for (int clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
    const int fd = ::timerfd_create(clock, TFD_NONBLOCK);
    const int waiting = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(waiting, EPOLL_CTL_ADD, fd, &event);
    for (int flags = 0; flags < 4; ++flags) {  // TFD_TIMER_ABSTIME is 1, TFD_TIMER_CANCEL_ON_SET 2
      const long base = flags & TFD_TIMER_ABSTIME ? now_ns(clock) : 0;
      itimerspec value = at(base + 2'000'000), left{};
      say("clock %d, flags %d: %s\n", clock, flags, outcome(::timerfd_settime(fd, flags, &value, nullptr)));
      ::timerfd_gettime(fd, &left);
      say("left: %d\n", left.it_value.tv_sec == 0 && left.it_value.tv_nsec <= 2'000'000);
      say("came: %d\n", ::epoll_wait(waiting, &event, 1, 10'000));
      say("not early: %d\n", flags == 0 || !(flags & TFD_TIMER_ABSTIME) || now_ns(clock) >= base + 2'000'000);
      take("read", fd);
      take("read again", fd);
      // In an hour, each hour.
      value = at(base + 3'600'000'000'000, 3'600'000'000'000);
      ::timerfd_settime(fd, flags, &value, nullptr);
      ::timerfd_gettime(fd, &left);
      say("an hour: %d, each %d\n", left.it_value.tv_sec > 3500 && left.it_value.tv_sec <= 3600,
          static_cast<int>(left.it_interval.tv_sec));
      say("not now: %d\n", ::epoll_wait(waiting, &event, 1, 0));
      value = at(1, 3'600'000'000'000);
      ::timerfd_settime(fd, flags, &value, nullptr);
      say("came: %d\n", ::epoll_wait(waiting, &event, 1, 10'000));
      std::uint64_t ticks = 0;
      ::read(fd, &ticks, sizeof ticks);
      const auto hours = static_cast<std::uint64_t>(now_ns(clock) / 3'600'000'000'000);
      say("ticks: %d\n", flags & TFD_TIMER_ABSTIME ? ticks == hours + 1 : ticks == 1);
    }
    ::close(fd);
    ::close(waiting);
  }
  // Alarms need a capability; without one nothing changes.
  if (::setresuid(1000, 1000, 1000) == 0) {
    say("realtime alarm: %s\n", outcome(::timerfd_create(CLOCK_REALTIME_ALARM, 0)));
    say("boot time alarm: %s\n", outcome(::timerfd_create(CLOCK_BOOTTIME_ALARM, 0)));
  }
  return 0;
});
