// An epoll interest ends with the last descriptor of its file, wherever that is: dup(2), fork(2), close(2) in a child; and
// an epoll that ends before its files.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "../epolling.h"
#include "../topic.h"

using namespace abi;

static void look(const char* what, int epoll) {
  epoll_event events[8]{};
  const int count = ::epoll_wait(epoll, events, 8, 0);
  say("%s: %d", what, count);
  for (int i = 0; i < count; ++i) say(" [%d]", static_cast<int>(events[i].data.u64));
  say("\n");
}

static void duplicates() {
  const int epoll = ::epoll_create1(0);
  const int event = ::eventfd(1, 0);
  const int same = ::dup(event);
  say("one: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1)));
  say("the same under another number: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, same, EPOLLIN, 2)));
  look("both", epoll);
  ::close(event);
  look("one closed, both reported", epoll);
  say("modify the closed one: %s\n", outcome(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN, 3)));
  const int other = ::eventfd(1, 0);
  say("the number is used again: %d, %s\n", other == event, outcome(control(epoll, EPOLL_CTL_ADD, other, EPOLLIN, 4)));
  look("three", epoll);
  ::close(same);
  look("the new one", epoll);
  ::close(other);
  look("none", epoll);
  ::close(epoll);
}

static void replaced() {
  const int epoll = ::epoll_create1(0);
  const int event = ::eventfd(1, 0);
  const int other = ::eventfd(1, 0);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 5);
  ::dup2(other, event);
  look("replaced", epoll);
  say("remove: %s\n", outcome(control(epoll, EPOLL_CTL_DEL, event, 0)));
  say("add: %s\n", outcome(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 6)));
  look("the new one", epoll);
  ::close(event);
  ::close(other);
  ::close(epoll);
}

static void forked() {
  const int epoll = ::epoll_create1(0);
  const int event = ::eventfd(1, 0);
  int held[2];
  ::pipe(held);
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 7);
  const pid_t child = in_child([&] {
    ::close(held[1]);
    char byte;
    ::read(held[0], &byte, 1);
    return 0;
  });
  ::close(event);
  look("closed here, open in the child", epoll);
  say("remove: %s\n", outcome(control(epoll, EPOLL_CTL_DEL, event, 0)));
  ::close(held[1]);
  say_end("child", child);
  look("closed everywhere", epoll);
  // The set is shared, too.
  const int shared = ::eventfd(1, 0);
  const pid_t adder = in_child([&] { return control(epoll, EPOLL_CTL_ADD, shared, EPOLLIN, 8) == 0 ? 0 : 1; });
  say_end("adder", adder);
  look("added by the child", epoll);
  const pid_t owner = in_child([&] {
    const int own = ::eventfd(1, 0);
    return control(epoll, EPOLL_CTL_ADD, own, EPOLLIN, 9) == 0 ? 0 : 1;
  });
  say_end("owner", owner);
  look("the child's own is gone", epoll);
  ::close(shared);
  ::close(held[0]);
  ::close(epoll);
}

static void sleeping() {
  const int epoll = ::epoll_create1(0);
  const int event = ::eventfd(0, 0);
  const pid_t waiter = in_child([&] {
    epoll_event got{};
    const int count = ::epoll_wait(epoll, &got, 1, -1);
    return count == 1 ? static_cast<int>(got.data.u64) : 99;
  });
  await_asleep(waiter);
  const int late = ::eventfd(1, 0);
  // What is added or made ready while somebody waits wakes him.
  control(epoll, EPOLL_CTL_ADD, late, EPOLLIN, 10);
  say_end("added while it waits", waiter);
  control(epoll, EPOLL_CTL_MOD, late, EPOLLOUT | EPOLLET, 11);
  look("writable", epoll);
  const pid_t second = in_child([&] {
    epoll_event got{};
    const int count = ::epoll_wait(epoll, &got, 1, -1);
    return count == 1 ? static_cast<int>(got.data.u64) : 99;
  });
  await_asleep(second);
  control(epoll, EPOLL_CTL_MOD, late, EPOLLIN, 12);
  say_end("modified while it waits", second);
  // The epoll's own descriptor is closed while a thread of somebody else waits.
  const pid_t third = in_child([&] {
    epoll_event got{};
    return ::epoll_wait(epoll, &got, 1, 10000) == 1 ? static_cast<int>(got.data.u64) : 99;
  });
  say_end("level", third);
  ::close(epoll);
  ::close(event);
  ::close(late);
  // Files outlive what watched them.
  const int first = ::epoll_create1(0);
  int pipe[2];
  ::pipe(pipe);
  control(first, EPOLL_CTL_ADD, pipe[0], EPOLLIN, 13);
  ::close(first);
  say("write: %d\n", static_cast<int>(::write(pipe[1], "x", 1)));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

static const Topic topic("epoll_lifetime", [] {
  duplicates();
  replaced();
  forked();
  sleeping();
  return 0;
});
