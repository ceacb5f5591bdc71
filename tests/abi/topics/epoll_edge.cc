// Edge-triggered epoll: what is an edge, for pipes and eventfds; and who may be asked exclusively.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "../epolling.h"
#include "../topic.h"

using namespace abi;

static void look(const char* what, int epoll) {
  epoll_event events[8]{};
  const int count = ::epoll_wait(epoll, events, 8, 0);
  say("%s: %d", what, count);
  for (int i = 0; i < count; ++i) say(" [%d %#x]", static_cast<int>(events[i].data.u64), unsigned{events[i].events});
  say("\n");
}

static void pipe_reader() {
  int pipe[2];
  ::pipe(pipe);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, pipe[0], EPOLLIN | EPOLLET | EPOLLRDHUP, 1);
  look("nothing yet", epoll);
  ::write(pipe[1], "a", 1);
  look("first byte", epoll);
  look("no second edge", epoll);
  ::write(pipe[1], "b", 1);
  look("second byte, the first still there", epoll);
  char bytes[2];
  ::read(pipe[0], bytes, 1);
  look("one taken", epoll);
  control(epoll, EPOLL_CTL_MOD, pipe[0], EPOLLIN | EPOLLET, 2);
  look("asked anew", epoll);
  ::write(pipe[1], "c", 1);
  ::read(pipe[0], bytes, 2);
  look("taken before anybody looked", epoll);
  ::close(pipe[1]);
  look("hang-up", epoll);
  look("only once", epoll);
  ::close(pipe[0]);
  ::close(epoll);
}

static void pipe_writer() {
  int pipe[2];
  ::pipe2(pipe, O_NONBLOCK);
  ::fcntl(pipe[1], F_SETPIPE_SZ, 4096);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, pipe[1], EPOLLOUT | EPOLLET, 3);
  look("room", epoll);
  look("no second edge", epoll);
  static char page[4096];
  ::write(pipe[1], page, sizeof page);
  look("full", epoll);
  ::read(pipe[0], page, 100);
  look("some taken", epoll);
  ::read(pipe[0], page, sizeof page);
  look("all taken", epoll);
  look("no second edge", epoll);
  ::close(pipe[0]);
  look("nobody reads", epoll);
  ::close(pipe[1]);
  ::close(epoll);
}

static void counter() {
  const int event = ::eventfd(0, EFD_NONBLOCK);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLOUT | EPOLLET, 4);
  look("writable", epoll);
  std::uint64_t value = 1;
  ::write(event, &value, sizeof value);
  look("written", epoll);
  ::write(event, &value, sizeof value);
  look("written again", epoll);
  value = 0;
  ::write(event, &value, sizeof value);
  look("nothing added", epoll);
  ::read(event, &value, sizeof value);
  look("read", epoll);
  ::read(event, &value, sizeof value);
  look("nothing to read", epoll);
  value = 0;
  ::write(event, &value, sizeof value);
  look("nothing added to nothing", epoll);
  ::close(event);
  ::close(epoll);
}

static void edge_once() {
  const int event = ::eventfd(1, EFD_NONBLOCK);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET | EPOLLONESHOT, 5);
  look("once", epoll);
  const std::uint64_t one = 1;
  ::write(event, &one, sizeof one);
  look("disabled", epoll);
  control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLET | EPOLLONESHOT, 6);
  look("again", epoll);
  ::close(event);
  ::close(epoll);
}

// An event that could not be copied out is an edge still.
static void not_copied() {
  const int event = ::eventfd(1, EFD_NONBLOCK);
  const int other = ::eventfd(1, EFD_NONBLOCK);
  const int epoll = ::epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET, 7);
  control(epoll, EPOLL_CTL_ADD, other, EPOLLIN | EPOLLET, 8);
  say("nowhere: %s\n", outcome(::epoll_wait(epoll, reinterpret_cast<epoll_event*>(16), 8, 0)));
  look("both", epoll);
  look("none", epoll);
  ::close(event);
  ::close(other);
  ::close(epoll);
}

static const Topic topic("epoll_edge", [] {
  pipe_reader();
  pipe_writer();
  counter();
  edge_once();
  not_copied();
  return 0;
});
