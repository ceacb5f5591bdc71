// How much Unix sockets take: send buffers as Linux counts them, low-water marks, time-outs, sizes that are too large.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

char block[400000];

int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, SOL_SOCKET, name, &value, &size);
  return value;
}

const char* set(int fd, int name, int value) {
  return outcome(::setsockopt(fd, SOL_SOCKET, name, &value, sizeof value));
}

void charges(int type) {
  for (const std::size_t size : {1ul, 192ul, 193ul, 704ul, 705ul, 1728ul, 1729ul, 3776ul, 3777ul, 4096ul, 8000ul,
                                 16064ul, 16065ul, 20000ul, 36544ul, 36545ul, 48833ul, 65536ul, 100000ul}) {
    int ends[2];
    ::socketpair(AF_UNIX, type, 0, ends);
    const ssize_t first = ::send(ends[0], block, size, MSG_DONTWAIT);
    int queued = -1;
    ::ioctl(ends[0], TIOCOUTQ, &queued);
    int count = 1;
    std::size_t total = static_cast<std::size_t>(first);
    for (ssize_t more; (more = ::send(ends[0], block, size, MSG_DONTWAIT)) > 0; ++count)
      total += static_cast<std::size_t>(more);
    say("%zu: %zd, %d charged, %d times %zu in all, then %s\n", size, first, queued, count, total, outcome(-1));
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

void buffers() {
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  say("default %d %d\n", option(ends[0], SO_SNDBUF), option(ends[0], SO_RCVBUF));
  say("small: %s", set(ends[0], SO_SNDBUF, 1));
  say(" %d, %zd", option(ends[0], SO_SNDBUF), ::send(ends[0], block, sizeof block, MSG_DONTWAIT));
  say(", %s\n", outcome(::send(ends[0], block, 1, MSG_DONTWAIT)));
  say("larger: %s", set(ends[0], SO_SNDBUF, 20000));
  say(" %d, %zd\n", option(ends[0], SO_SNDBUF), ::send(ends[0], block, sizeof block, MSG_DONTWAIT));
  timeval little{0, 2000};
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &little, sizeof little);
  say("SO_SNDTIMEO: %s\n", outcome(::send(ends[0], block, 1, 0)));
  std::size_t total = 0;
  for (ssize_t got; (got = ::recv(ends[1], block, sizeof block, MSG_DONTWAIT)) > 0;)
    total += static_cast<std::size_t>(got);
  say("received %zu\n", total);
  ::setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &little, sizeof little);
  say("SO_RCVTIMEO: %s\n", outcome(::recv(ends[1], block, 1, 0)));
  ::send(ends[0], block, 3, 0);
  say("SO_RCVLOWAT: %s %d, %zd\n", set(ends[1], SO_RCVLOWAT, 8), option(ends[1], SO_RCVLOWAT),
      ::recv(ends[1], block, 100, 0));
  ::send(ends[0], block, 3, 0);
  say("MSG_WAITALL: %zd\n", ::recv(ends[1], block, 10, MSG_WAITALL));
  ::close(ends[0]);
  ::close(ends[1]);
}

void on_alarm(int) {}

void interrupted() {
  struct sigaction action {};
  action.sa_handler = on_alarm;
  ::sigaction(SIGALRM, &action, nullptr);
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  const itimerval soon{{0, 5000}, {0, 5000}};
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  say("recv: %s\n", outcome(::recv(ends[1], block, 1, 0)));
  say("send: %s\n", ::send(ends[0], block, sizeof block, 0) > 0 ? "part" : outcome(-1));
  say("again: %s\n", outcome(::send(ends[0], block, 1, 0)));
  say("MSG_WAITALL: %d\n", ::recv(ends[1], block, sizeof block, MSG_WAITALL) < static_cast<ssize_t>(sizeof block));
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  timeval little{5, 0};
  ::setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &little, sizeof little);
  say("SA_RESTART with SO_RCVTIMEO: %s\n", outcome(::recv(ends[1], block, 1, 0)));
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::close(ends[0]);
  ::close(ends[1]);
}

void memory() {
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  auto* bad = reinterpret_cast<char*>(16);
  say("send: %s, recv without data: %s", outcome(::send(ends[0], bad, 4, 0)),
      outcome(::recv(ends[1], bad, 4, MSG_DONTWAIT)));
  ::send(ends[0], "data", 4, 0);
  say(", with: %s", outcome(::recv(ends[1], bad, 4, MSG_DONTWAIT)));
  say(", still there: %zd\n", ::recv(ends[1], block, 8, MSG_DONTWAIT));
  ::close(ends[0]);
  ::close(ends[1]);
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  ::send(ends[0], "data", 4, 0);
  say("a datagram: %s", outcome(::recv(ends[1], bad, 4, MSG_DONTWAIT)));
  say(", still there: %s\n", outcome(::recv(ends[1], block, 8, MSG_DONTWAIT)));
  ::close(ends[0]);
  ::close(ends[1]);
}

void files() {
  int ends[2], pipe[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  write_file("file", "contents of a file");
  const int file = ::open("file", O_RDWR);
  say("sendfile: %zd\n", ::sendfile(ends[0], file, nullptr, 100));
  ::pipe(pipe);
  say("splice out: %zd\n", ::splice(ends[1], nullptr, pipe[1], nullptr, 8, 0));
  say("splice in: %zd\n", ::splice(pipe[0], nullptr, ends[0], nullptr, 8, 0));
  char text[64] = {};
  say("read: %zd", ::read(ends[1], text, sizeof text));
  say(" '%s'\n", text);
  say("splice nothing: %s\n", outcome(::splice(ends[1], nullptr, pipe[1], nullptr, 8, SPLICE_F_NONBLOCK)));
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  say("O_NONBLOCK: %s\n", outcome(::read(ends[1], text, 1)));
  const int copy = ::dup(ends[0]);
  ::close(ends[0]);
  say("dup: %zd\n", ::write(copy, "dup", 3));
  ::close(copy);
  say("read: %zd %zd\n", ::read(ends[1], text, 8), ::read(ends[1], text, 8));
  say("flags: %#x\n", static_cast<unsigned>(::fcntl(ends[1], F_GETFL)));
}

// No more descriptors: what was to be accepted waits.
void descriptors() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0), client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0limits", 7);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 7);
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener, 5);
  ::connect(client, reinterpret_cast<sockaddr*>(&address), size);
  rlimit limit;
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int next = ::dup(0);
  ::close(next);
  const rlimit few{static_cast<rlim_t>(next), limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  int ends[2];
  say("accept: %s, socket: %s, pair: %s\n", outcome(::accept(listener, nullptr, nullptr)),
      outcome(::socket(AF_UNIX, SOCK_STREAM, 0)), outcome(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::fcntl(listener, F_SETFL, O_NONBLOCK);
  say("accept: %s, empty: %s\n", outcome(::accept(listener, nullptr, nullptr)),
      outcome(::accept(listener, nullptr, nullptr)));
}

int run() {
  charges(SOCK_STREAM);
  charges(SOCK_DGRAM);
  buffers();
  interrupted();
  memory();
  files();
  descriptors();
  return 0;
}

const Topic topic("unix_limits", run);

}  // namespace
