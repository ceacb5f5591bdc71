// The options of level SOL_SOCKET (socket(7)): what they are at first, what they become, what is refused.
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

struct Option {
  const char* name;
  int number;
};
#define OPTION(name) \
  { #name, name }
constexpr Option kOptions[] = {
    OPTION(SO_DEBUG),     OPTION(SO_REUSEADDR),  OPTION(SO_TYPE),     OPTION(SO_ERROR),     OPTION(SO_DONTROUTE),
    OPTION(SO_BROADCAST), OPTION(SO_SNDBUF),     OPTION(SO_RCVBUF),   OPTION(SO_KEEPALIVE), OPTION(SO_OOBINLINE),
    OPTION(SO_NO_CHECK),  OPTION(SO_PRIORITY),   OPTION(SO_PASSCRED), OPTION(SO_RCVLOWAT),  OPTION(SO_SNDLOWAT),
    OPTION(SO_TIMESTAMP), OPTION(SO_ACCEPTCONN), OPTION(SO_PASSSEC),  OPTION(SO_MARK),      OPTION(SO_PROTOCOL),
    OPTION(SO_DOMAIN),    OPTION(SO_RXQ_OVFL),   OPTION(SO_PEEK_OFF), OPTION(SO_REUSEPORT), OPTION(SO_TIMESTAMPNS),
};

void show(int fd, const Option& option) {
  int value = -77;
  socklen_t size = sizeof value;
  const int result = ::getsockopt(fd, SOL_SOCKET, option.number, &value, &size);
  say("%s: %s", option.name, outcome(result));
  if (result == 0) say(" %d size %u", value, size);
}

void set(int fd, int name, int value) {
  say(", %d: %s", value, outcome(::setsockopt(fd, SOL_SOCKET, name, &value, sizeof value)));
}

void all(int type) {
  for (const Option& option : kOptions) {
    const int fd = ::socket(AF_UNIX, type, 0);
    show(fd, option);
    for (const int value : {1, 100000, 0, -5}) set(fd, option.number, value);
    say(" -> ");
    show(fd, option);
    say("\n");
    ::close(fd);
  }
}

void sizes() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  int value = 1;
  for (const socklen_t size : {0u, 1u, 3u, 5u, 8u}) {
    long room = 1;
    say("set size %u: %s", size, outcome(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &room, size)));
    socklen_t told = size;
    say(", get: %s", outcome(::getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &room, &told)));
    say(" %u\n", told);
  }
  socklen_t negative = static_cast<socklen_t>(-1);
  say("negative: %s %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, negative)),
      outcome(::getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &negative)));
  auto* bad = reinterpret_cast<int*>(16);
  socklen_t size = sizeof value;
  say("bad address: %s", outcome(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bad, sizeof value)));
  say(" %s", outcome(::getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bad, &size)));
  say(" %s\n", outcome(::getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, reinterpret_cast<socklen_t*>(bad))));
  say("no such: %s %s\n", outcome(::setsockopt(fd, SOL_SOCKET, 9999, &value, sizeof value)),
      outcome(::getsockopt(fd, SOL_SOCKET, 9999, &value, &size)));
  say("no such level: %s %s\n", outcome(::setsockopt(fd, 6, 1, &value, sizeof value)),
      outcome(::getsockopt(fd, 6, 1, &value, &size)));
  linger wait{1, 5};
  say("SO_LINGER: %s", outcome(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, sizeof wait)));
  wait = {};
  size = sizeof wait;
  say(" %s %d %d", outcome(::getsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, &size)), wait.l_onoff, wait.l_linger);
  say(" half: %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, 4)));
  const auto timeout = [&](long seconds, long microseconds) {
    timeval time{seconds, microseconds};
    say("SO_RCVTIMEO %ld %ld: %s", seconds, microseconds,
        outcome(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time)));
    size = sizeof time;
    ::getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &size);
    say(" %ld %ld size %u\n", static_cast<long>(time.tv_sec), static_cast<long>(time.tv_usec), size);
  };
  timeout(0, 0);
  timeout(2, 500000);
  timeout(0, 1000000);
  timeout(-1, 0);
  timeout(1, -1);
  size = 128;
  char name[128];
  say("SO_PEERNAME: %s\n", outcome(::getsockopt(fd, SOL_SOCKET, SO_PEERNAME, name, &size)));
  ::close(fd);
}

void kinds() {
  for (const int protocol : {0, 1, 2, -1, 300}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET}) {
      const int fd = ::socket(AF_UNIX, type, protocol);
      say("type %d protocol %d: %s", type, protocol, outcome(fd));
      if (fd >= 0) {
        say(" ");
        show(fd, OPTION(SO_TYPE));
        say(" ");
        show(fd, OPTION(SO_PROTOCOL));
        ::close(fd);
      }
      say("\n");
    }
  }
}

int run() {
  all(SOCK_STREAM);
  all(SOCK_DGRAM);
  sizes();
  kinds();
  return 0;
}

const Topic topic("socket_options", run);

}  // namespace
