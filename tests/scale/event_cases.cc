// Descriptors that wait for many things: epoll, eventfd, timerfd, inotify; names that are not there; segments of shared
// memory.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/poll.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/scale/names.h"
#include "tests/scale/scale.h"

namespace scale {
namespace {

std::vector<int> make_counters(unsigned count, unsigned value) {
  std::vector<int> fds(count);
  for (unsigned index = 0; index < count; ++index)
    check((fds[index] = ::eventfd(value, EFD_NONBLOCK)) >= 0, "eventfd", index);
  return fds;
}

int watch_all(const std::vector<int>& fds, unsigned events) {
  const int epoll = ::epoll_create1(0);
  for (unsigned index = 0; index < fds.size(); ++index) {
    epoll_event event = {events, {.u32 = index}};
    check(::epoll_ctl(epoll, EPOLL_CTL_ADD, fds[index], &event) == 0, "EPOLL_CTL_ADD", index);
  }
  return epoll;
}

std::uint64_t epoll_add(unsigned count) {
  const std::vector<int> fds = make_counters(count, 0);
  const Stopwatch watch;
  watch_all(fds, EPOLLIN);
  return watch.elapsed();
}

// One of many is ready, each time another one: as often as there are many.
std::uint64_t epoll_one(unsigned count) {
  const std::vector<int> fds = make_counters(count, 0);
  const int epoll = watch_all(fds, EPOLLIN);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) {
    std::uint64_t value = 1;
    check(::write(fds[index], &value, sizeof value) == sizeof value, "write", index);
    epoll_event event = {};
    check(::epoll_wait(epoll, &event, 1, 0) == 1 && event.data.u32 == index, "epoll_wait", index);
    check(::read(fds[index], &value, sizeof value) == sizeof value, "read", index);
  }
  return watch.elapsed();
}

// All are ready, and each is told a few times.
std::uint64_t epoll_all(unsigned count) {
  constexpr unsigned kTogether = 50, kTimes = 5;
  const std::vector<int> fds = make_counters(count, 1);
  const int epoll = watch_all(fds, EPOLLIN);
  epoll_event events[kTogether];
  const Stopwatch watch;
  for (unsigned told = 0; told < count * kTimes; told += kTogether)
    check(::epoll_wait(epoll, events, kTogether, 0) == kTogether, "epoll_wait", told);
  return watch.elapsed();
}

std::uint64_t epoll_close(unsigned count) {
  const std::vector<int> fds = make_counters(count, 0);
  watch_all(fds, EPOLLIN | EPOLLET);
  const Stopwatch watch;
  for (const int fd : fds) ::close(fd);
  return watch.elapsed();
}

std::uint64_t poll_counters(unsigned count) {
  std::vector<pollfd> polled;
  for (const int fd : make_counters(count, 0)) polled.push_back({fd, POLLIN, 0});
  const Stopwatch watch;
  for (unsigned turn = 0; turn < 20; ++turn) check(::poll(polled.data(), polled.size(), turn % 2) == 0, "poll", turn);
  return watch.elapsed();
}

std::vector<int> make_timers(unsigned count) {
  std::vector<int> fds(count);
  for (unsigned index = 0; index < count; ++index)
    check((fds[index] = ::timerfd_create(CLOCK_MONOTONIC, 0)) >= 0, "timerfd_create", index);
  return fds;
}

std::uint64_t arm_timers(unsigned count) {
  const std::vector<int> fds = make_timers(count);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) {
    const itimerspec later = {{}, {3600 + index * 7919 % 1000, 0}};
    check(::timerfd_settime(fds[index], 0, &later, nullptr) == 0, "timerfd_settime", index);
  }
  for (const int fd : fds) ::close(fd);
  return watch.elapsed();
}

// All at the same moment; how long that is away does not count.
std::uint64_t expire_timers(unsigned count) {
  const std::vector<int> fds = make_timers(count);
  const std::uint64_t then = now_ns() + 100'000ull * count;
  const itimerspec at = {{}, {static_cast<time_t>(then / 1'000'000'000), static_cast<long>(then % 1'000'000'000)}};
  for (unsigned index = 0; index < count; ++index)
    check(::timerfd_settime(fds[index], TFD_TIMER_ABSTIME, &at, nullptr) == 0, "timerfd_settime", index);
  const std::uint64_t begin = std::max(now_ns(), then);
  for (unsigned index = 0; index < count; ++index) {
    std::uint64_t expiries = 0;
    check(::read(fds[index], &expiries, sizeof expiries) == sizeof expiries, "read", index);
  }
  return now_ns() - begin;
}

std::uint64_t watch_files(unsigned count) {
  enter_directory();
  const int watches = ::inotify_init1(IN_NONBLOCK);
  for (unsigned index = 0; index < count; ++index)
    check(::mknod(Name(index).text, S_IFREG | 0600, 0) == 0, "mknod", index);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::inotify_add_watch(watches, Name(index).text, IN_ALL_EVENTS) > 0, "inotify_add_watch", index);
  for (unsigned index = 0; index < count; ++index) check(::chmod(Name(index).text, 0640) == 0, "chmod", index);
  char events[4096];
  while (::read(watches, events, sizeof events) > 0) continue;
  const std::uint64_t time = watch.elapsed();
  ::close(watches);
  for (unsigned index = 0; index < count; ++index) ::unlink(Name(index).text);
  return time;
}

// Names that are not there, which are remembered, and then are made.
std::uint64_t look_up_missing(unsigned count) {
  enter_directory();
  struct stat status;
  const Stopwatch watch;
  for (unsigned turn = 0; turn < 2; ++turn) {
    for (unsigned index = 0; index < count; ++index) check(::stat(Name(index).text, &status) != 0, "stat", index);
  }
  for (unsigned index = 0; index < count; ++index)
    check(::mknod(Name(index).text, S_IFREG | 0600, 0) == 0, "mknod", index);
  const std::uint64_t time = watch.elapsed();
  for (unsigned index = 0; index < count; ++index) ::unlink(Name(index).text);
  return time;
}

// A deep tree, of which the names are remembered as well as many of somewhere else.
std::uint64_t unmount_deep(unsigned count) {
  enter_directory();
  struct stat status;
  for (unsigned index = 0; index < count; ++index) check(::stat(Name(index).text, &status) != 0, "stat", index);
  check(::mkdir("m", 0700) == 0 && ::mount("x", "m", "tmpfs", 0, "") == 0, "mount", 0);
  const int outside = ::open(".", O_RDONLY | O_DIRECTORY);
  check(::chdir("m") == 0, "chdir", 0);
  for (unsigned index = 0; index < count; ++index) check(::mkdir("d", 0700) == 0 && ::chdir("d") == 0, "mkdir", index);
  check(::fchdir(outside) == 0, "fchdir", 0);
  const Stopwatch watch;
  check(::umount2("m", 0) == 0, "umount2", 0);
  return watch.elapsed();
}

std::uint64_t make_segments(unsigned count) {
  std::vector<int> ids(count);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check((ids[index] = ::shmget(static_cast<key_t>(1 + index), 4096, IPC_CREAT | 0600)) >= 0, "shmget", index);
  for (unsigned index = 0; index < count; ++index)
    check(::shmget(static_cast<key_t>(1 + index), 0, 0) == ids[index], "shmget again", index);
  for (const int id : ids) ::shmctl(id, IPC_RMID, nullptr);
  return watch.elapsed();
}

constexpr Case kCases[] = {
    {"epoll-add", 1'000, epoll_add},           {"epoll-one", 1'000, epoll_one},
    {"epoll-all", 1'000, epoll_all},           {"epoll-close", 1'000, epoll_close},
    {"poll-eventfds", 1'000, poll_counters},   {"timerfds", 1'000, arm_timers},
    {"timerfds-expire", 1'000, expire_timers}, {"inotify", 800, watch_files},
    {"unmount-deep", 1'000, unmount_deep},     {"lookup-missing", 1'000, look_up_missing},
    {"shm-segments", 400, make_segments},
};

}  // namespace

const Cases kEventCases{kCases, sizeof kCases / sizeof kCases[0]};

}  // namespace scale
