// Threads that share an epoll: none of many events is lost, one-shot interests are never with two of them, and descriptors
// come and go meanwhile.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "../topic.h"

using namespace abi;

static constexpr int kThreads = 4, kFiles = 8, kRounds = 50;
static int epoll;
static int files[kFiles];
static std::atomic<int> inside[kFiles];
static std::atomic<int> overlaps, taken;

static int control(int operation, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return ::epoll_ctl(epoll, operation, fd, &event);
}

static void* serve(void*) {
  epoll_event events[3];
  for (;;) {
    const int count = ::epoll_wait(epoll, events, 3, -1);
    for (int i = 0; i < count; ++i) {
      const auto which = static_cast<unsigned>(events[i].data.u64);
      if (which >= kFiles) return nullptr;
      if (inside[which]++ != 0) ++overlaps;
      std::uint64_t value = 0;
      if (::read(files[which], &value, sizeof value) == 8) taken += static_cast<int>(value);
      --inside[which];
      control(EPOLL_CTL_MOD, files[which], EPOLLIN | EPOLLONESHOT, which);
    }
  }
}

static void* come_and_go(void* argument) {
  const auto& stop = *static_cast<std::atomic<bool>*>(argument);
  while (!stop) {
    const int event = ::eventfd(0, EFD_NONBLOCK);
    control(EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET, 0);
    ::close(event);
    ::sched_yield();
  }
  return nullptr;
}

static const Topic topic("epoll_threads", [] {
  epoll = ::epoll_create1(0);
  for (int i = 0; i < kFiles; ++i) {
    files[i] = ::eventfd(0, EFD_NONBLOCK);
    control(EPOLL_CTL_ADD, files[i], EPOLLIN | EPOLLONESHOT, static_cast<std::uint64_t>(i));
  }
  pthread_t threads[kThreads], changer;
  std::atomic<bool> stop = false;
  for (pthread_t& thread : threads) ::pthread_create(&thread, nullptr, serve, nullptr);
  ::pthread_create(&changer, nullptr, come_and_go, &stop);
  for (int round = 0; round < kRounds; ++round) {
    for (int file : files) {
      const std::uint64_t one = 1;
      ::write(file, &one, sizeof one);
    }
    while (taken < (round + 1) * kFiles) ::sched_yield();
  }
  say("taken: %d, two at once: %d\n", taken.load(), overlaps.load());
  stop = true;
  ::pthread_join(changer, nullptr);
  // Level-triggered: everybody hears of the end.
  const int end = ::eventfd(1, 0);
  control(EPOLL_CTL_ADD, end, EPOLLIN, kFiles);
  for (pthread_t thread : threads) ::pthread_join(thread, nullptr);
  say("all have ended\n");
  return 0;
});
