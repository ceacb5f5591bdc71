// EPOLLEXCLUSIVE: what it can be combined with, and how many are woken. And a thread for an event of one epoll.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "../epolling.h"
#include "../topic.h"

using namespace abi;

static void combinations() {
  const int epoll = ::epoll_create1(0), inner = ::epoll_create1(0);
  const int event = ::eventfd(0, 0);
  const std::uint32_t x = EPOLLEXCLUSIVE;
  say("with one-shot: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLONESHOT | x)));
  say("with priority: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLPRI | x)));
  say("with RDHUP: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLRDHUP | x)));
  say("with an epoll: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, inner, EPOLLIN | x)));
  say("to modify: %s\n", outcome(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | x)));
  say("with the rest: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event,
                                             EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | EPOLLWAKEUP | x)));
  say("modified: %s\n", outcome(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN)));
  say("remove: %s\n", outcome(control(epoll, EPOLL_CTL_DEL, event, x)));
  ::close(epoll);
  ::close(inner);
  ::close(event);
}

static std::atomic<int> woken;
static std::atomic<int> tids[4];

static int end[2];  // a pipe: its end is the threads' end

struct Place {
  int epoll;
  int number;
};

static void* wait_once(void* argument) {
  const Place& place = *static_cast<Place*>(argument);
  tids[place.number] = static_cast<int>(::syscall(SYS_gettid));
  epoll_event got{};
  if (::epoll_wait(place.epoll, &got, 1, -1) == 1) ++woken;
  char byte;
  ::read(end[0], &byte, 1);
  return nullptr;
}

// Each in one of its two waits, and nobody on the way from one to the other.
static void all_asleep() {
  int before;
  do {
    before = woken;
    for (auto& tid : tids) {
      while (tid == 0) ::usleep(100);
      await_asleep(::getpid(), tid);
    }
  } while (woken != before);
}

// Four threads, each with an epoll of its own or all with one, on one eventfd that nobody reads.
static void crowd(const char* what, std::uint32_t how, bool shared) {
  const int event = ::eventfd(0, 0);
  Place places[4];
  pthread_t threads[4];
  woken = 0;
  for (auto& tid : tids) tid = 0;
  ::pipe(end);
  const int one = shared ? ::epoll_create1(0) : -1;
  if (shared) control(one, EPOLL_CTL_ADD, event, EPOLLIN | how);
  for (int i = 0; i < 4; ++i) {
    places[i] = {shared ? one : ::epoll_create1(0), i};
    if (!shared) control(places[i].epoll, EPOLL_CTL_ADD, event, EPOLLIN | how);
    ::pthread_create(&threads[i], nullptr, wait_once, &places[i]);
  }
  all_asleep();
  const std::uint64_t value = 1;
  for (int round = 0; round < 4; ++round) {
    ::write(event, &value, sizeof value);
    while (woken == 0) ::usleep(100);
    all_asleep();
    say("%s: %d woken\n", what, woken.load());
  }
  ::close(end[1]);
  for (pthread_t thread : threads) ::pthread_join(thread, nullptr);
  for (const Place& place : places) ::close(place.epoll);
  ::close(end[0]);
  ::close(event);
}

static const Topic topic("epoll_exclusive", [] {
  combinations();
  crowd("own epolls", EPOLLET, false);
  crowd("own epolls, exclusive", EPOLLET | EPOLLEXCLUSIVE, false);
  crowd("one epoll, edges", EPOLLET, true);
  crowd("one epoll, level", 0, true);
  crowd("one epoll, exclusive", EPOLLET | EPOLLEXCLUSIVE, true);
  crowd("own epolls, level, exclusive", EPOLLEXCLUSIVE, false);
  return 0;
});
