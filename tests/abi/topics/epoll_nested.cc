// Epolls that watch epolls: readiness through several levels, poll(2) of an epoll, loops, depth and width.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include <cstdint>

#include "../epolling.h"
#include "../topic.h"

using namespace abi;

static int add(int epoll, int fd, std::uint32_t events = EPOLLIN) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, static_cast<std::uint64_t>(events));
}

static void look(const char* what, int epoll) {
  epoll_event events[8]{};
  const int count = ::epoll_wait(epoll, events, 8, 0);
  say("%s: %d", what, count);
  for (int i = 0; i < count; ++i) say(" %#x", unsigned{events[i].events});
  say("\n");
}

static void readiness() {
  const int event = ::eventfd(0, EFD_NONBLOCK);
  const int inner = ::epoll_create1(0), middle = ::epoll_create1(0), outer = ::epoll_create1(0);
  const int edge = ::epoll_create1(0);
  add(inner, event, EPOLLIN);
  add(middle, inner, EPOLLIN | EPOLLRDNORM | EPOLLOUT);
  add(outer, middle);
  add(edge, inner, EPOLLIN | EPOLLET);
  look("nothing", outer);
  std::uint64_t value = 1;
  ::write(event, &value, sizeof value);
  look("outer", outer);
  look("middle", middle);
  look("edge", edge);
  look("edge again", edge);
  ::write(event, &value, sizeof value);
  look("edge after another", edge);
  pollfd poll{outer, POLLIN | POLLOUT | POLLRDNORM | POLLPRI, 0};
  say("poll: %d", ::poll(&poll, 1, 0));
  say(" %#x\n", unsigned(poll.revents));
  fd_set set;
  FD_ZERO(&set);
  FD_SET(outer, &set);
  timeval none{0, 0};
  say("select: %d\n", ::select(outer + 1, &set, nullptr, nullptr, &none));
  look("inner", inner);
  look("outer still", outer);
  ::read(event, &value, sizeof value);
  look("outer after a read", outer);
  poll.revents = 0;
  say("poll: %d\n", ::poll(&poll, 1, 0));
  const pid_t waiter = in_child([&] {
    epoll_event got{};
    return ::epoll_wait(outer, &got, 1, -1) == 1 ? 0 : 1;
  });
  await_asleep(waiter);
  const pid_t poller = in_child([&] {
    pollfd of_outer{middle, POLLIN, 0};
    return ::poll(&of_outer, 1, -1) == 1 ? 0 : 1;
  });
  await_asleep(poller);
  value = 1;
  ::write(event, &value, sizeof value);
  say_end("waiter", waiter);
  say_end("poller", poller);
  ::close(inner);
  look("inner closed", outer);
  look("inner closed, middle", middle);
  for (int fd : {event, middle, outer, edge}) ::close(fd);
}

static void loops() {
  const int a = ::epoll_create1(0), b = ::epoll_create1(0), c = ::epoll_create1(0);
  say("a watches b: %s\n", outcome(add(a, b)));
  say("b watches a: %s\n", outcome(add(b, a)));
  say("b watches c: %s\n", outcome(add(b, c)));
  say("c watches a: %s\n", outcome(add(c, a)));
  const int again = ::dup(a);
  say("c watches a by another name: %s\n", outcome(add(c, again)));
  say("a watches itself by another name: %s\n", outcome(add(a, again)));
  say("a watches b again: %s\n", outcome(add(a, b)));
  say("a no more: %s\n", outcome(control(a, EPOLL_CTL_DEL, b, 0)));
  say("c watches a: %s\n", outcome(add(c, a)));
  for (int fd : {a, b, c, again}) ::close(fd);
}

static void depth() {
  int chain[8];
  for (int& fd : chain) fd = ::epoll_create1(0);
  for (int i = 0; i + 1 < 8; ++i) say("%d watches %d: %s\n", i + 1, i, outcome(add(chain[i + 1], chain[i])));
  for (int fd : chain) ::close(fd);
  for (int& fd : chain) fd = ::epoll_create1(0);
  for (int i = 7; i > 0; --i) say("%d watches %d: %s\n", i, i - 1, outcome(add(chain[i], chain[i - 1])));
  for (int fd : chain) ::close(fd);
  // Two short ones make a long one.
  for (int& fd : chain) fd = ::epoll_create1(0);
  for (int i : {0, 1, 4, 5}) add(chain[i + 1], chain[i]);
  say("joined: %s\n", outcome(add(chain[4], chain[2])));
  say("joined below: %s\n", outcome(add(chain[5], chain[1])));
  for (int fd : chain) ::close(fd);
}

// Ways from an event to an epoll that nobody watches, through others.
static void width() {
  const int event = ::eventfd(0, 0);
  static int outer[200];
  int levels[3];
  for (int& fd : levels) fd = ::epoll_create1(0);
  add(levels[0], event);
  add(levels[1], levels[0]);
  add(levels[2], levels[1]);
  int added = 0;
  for (int& fd : outer) {
    fd = ::epoll_create1(0);
    if (add(fd, levels[2]) == 0) ++added;
  }
  say("through three: %d\n", added);
  for (int fd : outer) ::close(fd);
  added = 0;
  for (int& fd : outer) {
    fd = ::epoll_create1(0);
    if (add(fd, levels[1]) == 0) ++added;
  }
  say("through two, and three: %d\n", added);
  const int another = ::eventfd(0, 0);
  say("another below: %s\n", outcome(add(levels[0], another)));
  for (int fd : outer) ::close(fd);
  for (int fd : levels) ::close(fd);
  ::close(event);
  ::close(another);
}

static const Topic topic("epoll_nested", [] {
  readiness();
  loops();
  depth();
  width();
  return 0;
});
