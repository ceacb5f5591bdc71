// What poll(2) says of Unix sockets in every state, what shutdown(2) does to both ends, and who is woken.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

unsigned ready(int fd, int timeout = 0) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND, 0};
  ::poll(&poll, 1, timeout);
  return static_cast<unsigned>(poll.revents);
}

void both(const char* what, const int (&ends)[2]) {
  say("  %s: %#x %#x\n", what, ready(ends[0]), ready(ends[1]));
}

void shutdowns(int type, const char* name) {
  say("%s\n", name);
  for (int first = 0; first < 3; ++first) {
    for (int second = 0; second < 3; ++second) {
      int ends[2];
      ::socketpair(AF_UNIX, type, 0, ends);
      ::write(ends[0], "data", 4);
      say("  shutdown %d: %s", first, outcome(::shutdown(ends[0], first)));
      both("", ends);
      char bytes[8];
      say("  write %s", outcome(::send(ends[0], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT)));
      say(" %s, read", outcome(::send(ends[1], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT)));
      say(" %s", outcome(::recv(ends[0], bytes, 8, MSG_DONTWAIT)));
      say(" %s", outcome(::recv(ends[1], bytes, 8, MSG_DONTWAIT)));
      say(" %s\n", outcome(::recv(ends[1], bytes, 8, MSG_DONTWAIT)));
      say("  shutdown %d: %s", second, outcome(::shutdown(ends[1], second)));
      both("", ends);
      ::close(ends[0]);
      say("  closed %#x\n", ready(ends[1]));
      ::close(ends[1]);
    }
  }
  int ends[2];
  ::socketpair(AF_UNIX, type, 0, ends);
  say("  how: %s %s\n", outcome(::shutdown(ends[0], 3)), outcome(::shutdown(ends[0], -1)));
  ::close(ends[0]);
  ::close(ends[1]);
  const int fd = ::socket(AF_UNIX, type, 0);
  say("  unconnected: %#x, shutdown %s", ready(fd), outcome(::shutdown(fd, SHUT_RD)));
  say(": %#x, all %s", ready(fd), outcome(::shutdown(fd, SHUT_RDWR)));
  say(": %#x\n", ready(fd));
  ::close(fd);
}

void wakes() {
  int ends[2];
  const auto waits = [&](const char* what, short events, auto act) {
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    const pid_t waiter = in_child([&] {
      ::close(ends[0]);
      pollfd poll{ends[1], events, 0};
      ::poll(&poll, 1, 10000);
      return poll.revents & 0xff;
    });
    await_asleep(waiter);
    act();
    say_end(what, waiter);
    ::close(ends[0]);
    ::close(ends[1]);
  };
  waits("data", POLLIN, [&] { ::write(ends[0], "x", 1); });
  waits("closed", POLLIN, [&] { ::close(ends[1]), ::close(ends[0]); });
  waits("shut", POLLRDHUP, [&] { ::shutdown(ends[0], SHUT_WR); });
  waits("urgent", POLLPRI, [&] { ::send(ends[0], "x", 1, MSG_OOB); });
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  int written = 0;
  static char block[4096];
  while (::send(ends[0], block, sizeof block, MSG_DONTWAIT) > 0) ++written;
  say("full: %d blocks, %#x\n", written, ready(ends[0]));
  int blocks = 0;
  while (ready(ends[0]) == 0 && ::recv(ends[1], block, sizeof block, MSG_DONTWAIT) > 0) ++blocks;
  say("writable after %d\n", blocks);
  while (::send(ends[0], block, sizeof block, MSG_DONTWAIT) > 0) ++written;
  const pid_t writer = in_child([&] { return ::write(ends[0], block, sizeof block) == sizeof block ? 0 : 1; });
  await_asleep(writer);
  for (int i = 0; i < written - blocks; ++i) ::recv(ends[1], block, sizeof block, MSG_DONTWAIT);
  say_end("writer", writer);
  ::close(ends[0]);
  ::close(ends[1]);
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  const pid_t reader = in_child([&] { return static_cast<int>(::read(ends[1], block, 1)); });
  await_asleep(reader);
  ::shutdown(ends[1], SHUT_RD);
  say_end("reader", reader);
}

void listeners() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "listener");
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  ::bind(listener, plain, sizeof address);
  ::listen(listener, 0);
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::connect(client, plain, sizeof address);
  const pid_t waiter = in_child([&] {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const int result = ::connect(fd, plain, sizeof address);
    return result == 0 ? 0 : errno;
  });
  await_asleep(waiter);
  say("shutdown: %s", outcome(::shutdown(listener, SHUT_RD)));
  say(" %#x\n", ready(listener));
  const int late = ::socket(AF_UNIX, SOCK_STREAM, 0);
  say("connect: %s\n", outcome(::connect(late, plain, sizeof address)));
  say("accept: %s", outcome(::accept(listener, nullptr, nullptr)));
  say(" %s\n", outcome(::accept(listener, nullptr, nullptr)));
  say_end("who waited to connect", waiter);
  ::close(listener);
  ::unlink("listener");
  const int again = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::bind(again, plain, sizeof address);
  ::listen(again, 0);
  say("connect: %s\n", outcome(::connect(late, plain, sizeof address)));
  timeval little{0, 1000};
  const int full = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::setsockopt(full, SOL_SOCKET, SO_SNDTIMEO, &little, sizeof little);
  say("SO_SNDTIMEO: %s\n", outcome(::connect(full, plain, sizeof address)));
  ::close(::accept(again, nullptr, nullptr));
  ::setsockopt(again, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof little);
  say("SO_RCVTIMEO: %s\n", outcome(::accept(again, nullptr, nullptr)));
}

int run() {
  shutdowns(SOCK_STREAM, "streams");
  shutdowns(SOCK_SEQPACKET, "packets");
  shutdowns(SOCK_DGRAM, "datagrams");
  wakes();
  listeners();
  return 0;
}

const Topic topic("unix_shutdown_poll", run);

}  // namespace
