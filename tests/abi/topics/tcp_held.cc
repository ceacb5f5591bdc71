// What TCP keeps back: data while it is corked (TCP_CORK, MSG_MORE; tcp(7), send(2)), connections without data
// (TCP_DEFER_ACCEPT), and how long what has ended keeps its port (TCP_LINGER2).
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ctime>
#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

void got(const char* what, int fd, int flags = MSG_DONTWAIT) {
  char text[64] = {};
  const ssize_t count = ::recv(fd, text, sizeof text - 1, flags);
  say("%s: ", what);
  count < 0 ? say("%s\n", outcome(count)) : say("%zd %s\n", count, text);
}

long now_ms() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Sends what is held back, and looks whether it is. Once more where that took so long that it could have been sent.
void hold(const char* what, const Connection& ends, const char* text, int flags) {
  while (true) {
    const long begun = now_ms();
    const ssize_t sent = ::send(ends.client, text, std::strlen(text), flags);
    pollfd poll{ends.server, POLLIN, 0};
    ::poll(&poll, 1, 0);
    int waiting = -1;
    ::ioctl(ends.server, FIONREAD, &waiting);
    char byte;
    const ssize_t seen = ::recv(ends.server, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    const char* how = outcome(seen);
    if (now_ms() - begun < 150) {
      say("%s: send %zd, poll %d, waiting %d, recv %s\n", what, sent, poll.revents, waiting, how);
      return;
    }
    await(ends.server, POLLIN);
    char room[64];
    ::recv(ends.server, room, sizeof room, 0);
  }
}

void corked() {
  const Connection ends = connection();
  set_int(ends.client, IPPROTO_TCP, TCP_CORK, 1);
  hold("corked", ends, "abc", 0);
  set_int(ends.client, IPPROTO_TCP, TCP_CORK, 0);
  say_events("uncorked", ends.server, 1000);
  got("uncorked", ends.server);

  hold("more", ends, "gh", MSG_MORE);
  say("no more: %zd\n", ::send(ends.client, "i", 1, 0));
  got("all", ends.server, 0);

  hold("before TCP_NODELAY", ends, "jkl", MSG_MORE);
  set_int(ends.client, IPPROTO_TCP, TCP_NODELAY, 1);
  got("TCP_NODELAY", ends.server, 0);
  set_int(ends.client, IPPROTO_TCP, TCP_NODELAY, 0);

  // After 200 ms it goes all the same.
  set_int(ends.client, IPPROTO_TCP, TCP_CORK, 1);
  ::send(ends.client, "late", 4, 0);
  await(ends.server, POLLIN);
  got("late", ends.server);

  // Whole segments are not held.
  std::vector<char> data(200000, 'x'), room(200000);
  say("large: %zd\n", ::send(ends.client, data.data(), data.size(), 0));
  std::size_t came = 0;
  while (true) {
    const ssize_t count = ::recv(ends.server, room.data(), room.size(), MSG_DONTWAIT);
    if (count <= 0) break;
    came += static_cast<std::size_t>(count);
  }
  say("most: %d\n", came > data.size() / 2);
  set_int(ends.client, IPPROTO_TCP, TCP_CORK, 0);
  while (came < data.size()) {
    const ssize_t count = ::recv(ends.server, room.data(), room.size(), 0);
    if (count <= 0) break;
    came += static_cast<std::size_t>(count);
  }
  say("all: %d\n", came == data.size());

  ::send(ends.client, "urgent", 6, MSG_MORE);
  ::send(ends.client, "!", 1, MSG_OOB | MSG_MORE);
  got("urgent sends it", ends.server, 0);
  ::send(ends.client, "end", 3, MSG_MORE);
  ::shutdown(ends.client, SHUT_WR);
  got("the end sends it", ends.server, 0);
  got("the end", ends.server, 0);
  ::close(ends.client);
  ::close(ends.server);

  const Connection other = connection();
  ::send(other.client, "close", 5, MSG_MORE);
  ::close(other.client);
  got("closing sends it", other.server, 0);
  got("the end", other.server, 0);
  ::close(other.server);
}

int client_of(int listening) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  say("connect: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  return fd;
}

void accepted(const char* what, int listening) {
  pollfd poll{listening, POLLIN, 0};
  ::poll(&poll, 1, 0);
  const int fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK);
  say("%s: poll %d, accept %s\n", what, poll.revents & POLLIN, outcome(fd));
  if (fd < 0) return;
  got(what, fd);
  ::close(fd);
}

void deferred() {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  bind_to(listening, v4("127.0.0.1"));
  set_int(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
  ::listen(listening, 4);
  const int talks = client_of(listening), ends = client_of(listening), goes = client_of(listening);
  accepted("without data", listening);
  say_events("a client", talks);
  say("send: %zd\n", ::send(talks, "hello", 5, 0));
  await(listening, POLLIN);
  accepted("with data", listening);
  ::shutdown(ends, SHUT_WR);
  await(listening, POLLIN);
  accepted("with an end", listening);
  linger now{1, 0};
  ::setsockopt(goes, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(goes);
  accepted("gone again", listening);
  ::close(talks);
  ::close(ends);
  // The shortest one: a second.
  set_int(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
  const int silent = client_of(listening);
  accepted("at once", listening);
  await(listening, POLLIN);
  accepted("after a second", listening);
  ::close(silent);
  set_int(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
  const int usual = client_of(listening);
  await(listening, POLLIN);
  accepted("not deferred", listening);
  ::close(usual);
  ::close(listening);
}

// What is left of a half closed connection keeps its port for a second.
struct HalfClosed {
  int client = -1, port = 0;

  HalfClosed() {
    const int listening = listener();
    const Connection ends = connection(listening);
    client = ends.client, port = port_of(listening);
    set_int(ends.server, IPPROTO_TCP, TCP_LINGER2, 1);
    ::close(ends.server);
    ::close(listening);
  }
  void say_bound(const char* what) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    say("%s: bind %s\n", what, outcome(bind_to(fd, v4("127.0.0.1", port))));
    ::close(fd);
  }
};

void ended() {
  const Connection abrupt = connection();
  set_int(abrupt.server, IPPROTO_TCP, TCP_LINGER2, -1);
  ::close(abrupt.server);
  await(abrupt.client, POLLIN);
  char byte;
  say("TCP_LINGER2 -1: %s\n", outcome(::recv(abrupt.client, &byte, 1, MSG_DONTWAIT)));
  ::close(abrupt.client);
}

int run() {
  ended();
  const HalfClosed half;
  half.say_bound("half closed");
  corked();
  deferred();  // takes a second
  const timespec rest{0, 100'000'000};
  ::nanosleep(&rest, nullptr);
  half.say_bound("later");
  say("the other end: %zd", ::send(half.client, "x", 1, MSG_NOSIGNAL));
  say(" then %s\n", outcome(::send(half.client, "x", 1, MSG_NOSIGNAL)));
  ::close(half.client);
  return 0;
}

const Topic topic("tcp_held", run);

}  // namespace
