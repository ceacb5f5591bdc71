// Unix stream sockets: pairs, connections by name, data, ends, what poll(2) says on the way.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

sockaddr_un named(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return address;
}

const sockaddr* plain(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void ready(const char* what, int fd) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND, 0};
  ::poll(&poll, 1, 0);
  say("%s: events %#x\n", what, static_cast<unsigned>(poll.revents));
}

void take(const char* what, int fd, std::size_t size = 64, int flags = MSG_DONTWAIT) {
  char bytes[128] = {};
  const ssize_t got = ::recv(fd, bytes, size, flags);
  say("%s: %s", what, outcome(got));
  if (got >= 0) say(" %zd '%.*s'", got, static_cast<int>(got), bytes);
  say("\n");
}

void pair() {
  int ends[2];
  say("pair: %s\n", outcome(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
  ready("new", ends[0]);
  take("nothing there", ends[1]);
  say("write: %zd\n", ::write(ends[0], "hello", 5));
  say("write: %zd\n", ::write(ends[0], " world", 6));
  ready("data", ends[1]);
  int count = -1;
  say("FIONREAD: %s", outcome(::ioctl(ends[1], FIONREAD, &count)));
  say(" %d\n", count);
  take("peek", ends[1], 64, MSG_PEEK);
  take("part", ends[1], 3);
  take("rest", ends[1], 64);
  say("none: %zd\n", ::write(ends[0], "", 0));
  take("none", ends[1]);
  say("read of nothing: %zd\n", ::read(ends[1], nullptr, 0));
  ::write(ends[1], "unread", 6);
  ::close(ends[0]);
  ready("peer gone", ends[1]);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(ends[1], SOL_SOCKET, SO_ERROR, &error, &size);
  say("SO_ERROR: %s\n", error ? std::strerror(error) : "none");
  ready("asked", ends[1]);
  take("end", ends[1]);
  say("send to nobody: %s\n", outcome(::send(ends[1], "x", 1, MSG_NOSIGNAL)));
  ::close(ends[1]);
}

void broken() {
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  ::close(ends[1]);
  say_end("write to nobody", in_child([&] {
            ::write(ends[0], "x", 1);
            return 0;
          }));
  say_end("MSG_NOSIGNAL", in_child([&] {
            say("%s\n", outcome(::send(ends[0], "x", 1, MSG_NOSIGNAL)));
            return 0;
          }));
  ::close(ends[0]);
}

void connections() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const sockaddr_un address = named("server");
  ready("unbound", listener);
  say("listen unbound: %s\n", outcome(::listen(listener, 1)));
  say("bind: %s\n", outcome(::bind(listener, plain(address), sizeof address)));
  const int early = ::socket(AF_UNIX, SOCK_STREAM, 0);
  say("connect too early: %s\n", outcome(::connect(early, plain(address), sizeof address)));
  say("accept too early: %s\n", outcome(::accept(listener, nullptr, nullptr)));
  say("listen: %s\n", outcome(::listen(listener, 1)));
  ready("listening", listener);
  say("connect: %s\n", outcome(::connect(early, plain(address), sizeof address)));
  say("connect again: %s\n", outcome(::connect(early, plain(address), sizeof address)));
  ready("a connection", listener);
  ready("its client", early);
  say("write before accept: %zd\n", ::write(early, "early", 5));
  const int second = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  say("connect: %s\n", outcome(::connect(second, plain(address), sizeof address)));
  const int third = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  say("full: %s\n", outcome(::connect(third, plain(address), sizeof address)));
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  const int accepted = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
  say("accept: %s, family %d, size %u\n", outcome(accepted), peer.sun_family, size);
  take("what was early", accepted);
  ::write(accepted, "reply", 5);
  take("reply", early);
  ::close(second);
  const int gone = ::accept(listener, nullptr, nullptr);
  say("accept who has gone: %s\n", outcome(gone));
  ready("gone", gone);
  take("gone", gone);
  say("listen on a connection: %s\n", outcome(::listen(early, 1)));
  say("connect a listener: %s\n", outcome(::connect(listener, plain(address), sizeof address)));
  say("read a listener: %s\n", outcome(::read(listener, peer.sun_path, 1)));
  say("write a listener: %s\n", outcome(::send(listener, "x", 1, MSG_NOSIGNAL)));
  say("connect: %s\n", outcome(::connect(third, plain(address), sizeof address)));
  ::close(listener);
  ready("refused later", third);
  take("refused later", third);
  const int late = ::socket(AF_UNIX, SOCK_STREAM, 0);
  say("connect a stale name: %s\n", outcome(::connect(late, plain(address), sizeof address)));
  ::unlink("server");
  say("connect no name: %s\n", outcome(::connect(late, plain(address), sizeof address)));
  for (int fd : {early, accepted, gone, third, late}) ::close(fd);
}

void blocking() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const sockaddr_un address = named("blocking");
  ::bind(listener, plain(address), sizeof address);
  ::listen(listener, 0);
  const pid_t clients = in_child([&] {
    for (int i = 0; i < 3; ++i) {
      const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
      if (::connect(fd, plain(address), sizeof address) != 0) return 1;
      char bytes[1000];
      std::memset(bytes, 'a' + i, sizeof bytes);
      for (int n = 0; n < 300; ++n) {
        if (::write(fd, bytes, sizeof bytes) != sizeof bytes) return 2;
      }
      ::close(fd);
    }
    return 0;
  });
  for (int i = 0; i < 3; ++i) {
    const int fd = ::accept(listener, nullptr, nullptr);
    std::size_t total = 0, wrong = 0;
    char bytes[5000];
    for (ssize_t got; (got = ::read(fd, bytes, sizeof bytes)) > 0; total += static_cast<std::size_t>(got)) {
      for (ssize_t n = 0; n < got; ++n) wrong += bytes[n] != 'a' + i;
    }
    say("client %d: %zu bytes, %zu wrong\n", i, total, wrong);
    ::close(fd);
  }
  say_end("clients", clients);
  ::close(listener);
}

void scattered() {
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  iovec out[2] = {{const_cast<char*>("one"), 3}, {const_cast<char*>("two"), 3}};
  say("writev: %zd\n", ::writev(ends[0], out, 2));
  char first[4] = {}, second[8] = {};
  iovec in[2] = {{first, 3}, {second, 7}};
  say("readv: %zd", ::readv(ends[1], in, 2));
  say(" '%s' '%s'\n", first, second);
  say("pread: %s, lseek: %s\n", outcome(::pread(ends[1], first, 1, 0)), outcome(::lseek(ends[1], 0, SEEK_SET)));
  const pid_t writer = in_child([&] {
    for (int i = 0; i < 5; ++i) ::write(ends[0], "12345", 5);
    return 0;
  });
  take("MSG_WAITALL", ends[1], 25, MSG_WAITALL);
  say_end("writer", writer);
  struct stat status;
  ::fstat(ends[0], &status);
  say("mode %o, fchmod %s", status.st_mode, outcome(::fchmod(ends[0], 0600)));
  ::fstat(ends[0], &status);
  say(" mode %o\n", status.st_mode);
  ::close(ends[0]);
  ::close(ends[1]);
}

int run() {
  pair();
  broken();
  connections();
  blocking();
  scattered();
  return 0;
}

const Topic topic("unix_stream", run);

}  // namespace
