// TCP over loopback: names, data in both directions, half-close, the flags of recv(2).
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

void names() {
  const int fresh = ::socket(AF_INET, SOCK_STREAM, 0);
  say_names("fresh", fresh);
  const int listening = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  say("bind: %s\n", outcome(bind_to(listening, v4("127.0.0.1"))));
  say("again: %s\n", outcome(bind_to(listening, v4("127.0.0.1"))));
  say_names("bound", listening);
  say("listen: %s\n", outcome(::listen(listening, 5)));
  say("connect: %s\n", outcome(connect_to(fresh, v4("127.0.0.1", port_of(listening)))));
  say_names("client", fresh);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  const int server = ::accept4(listening, reinterpret_cast<sockaddr*>(&name), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  say("accepted: %s, flags %#x, fd flags %d\n", text_of(name, size).c_str(), ::fcntl(server, F_GETFL),
      ::fcntl(server, F_GETFD));
  say_names("server", server);
  say("of one another: %d\n", ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port) == port_of(fresh));
  size = 4;
  say("short getsockname: %s, size %u\n", outcome(::getsockname(server, reinterpret_cast<sockaddr*>(&name), &size)),
      size);
  ::close(fresh);
  ::close(listening);
  ::close(server);
}

void data() {
  const auto [client, server] = connection();
  char buffer[64] = {};
  say("send: %zd\n", ::send(client, "hello, world", 12, 0));
  say("peek: %zd %.5s\n", ::recv(server, buffer, 5, MSG_PEEK), buffer);
  int count = 0;
  ::ioctl(server, FIONREAD, &count);
  say("FIONREAD: %d\n", count);
  say("read: %zd %.7s\n", ::read(server, buffer, 7), buffer);
  say("recv: %zd %.5s\n", ::recv(server, buffer, 64, 0), buffer);
  say("nothing: %s\n", outcome(::recv(server, buffer, 64, MSG_DONTWAIT)));
  iovec parts[2] = {{buffer, 3}, {buffer + 10, 4}};
  say("writev: %zd\n", ::write(server, "abcdefg", 7));
  std::memset(buffer, '.', sizeof buffer);
  say("readv: %zd %.14s\n", ::readv(client, parts, 2), buffer);
  ::send(client, "0123456789", 10, 0);
  say("truncated: %zd\n", ::recv(server, nullptr, 4, MSG_TRUNC));
  say("the rest: %zd %.6s\n", ::recv(server, buffer, sizeof buffer, 0), buffer);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::send(client, "x", 1, 0);
  say("recvfrom: %zd, name of %u\n", ::recvfrom(server, buffer, 4, 0, reinterpret_cast<sockaddr*>(&name), &size), size);
  msghdr message{};
  iovec part{buffer, sizeof buffer};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ::send(client, "yz", 2, MSG_MORE);
  ::send(client, "!", 1, 0);
  await(server, POLLIN);
  say("recvmsg: %zd, flags %#x\n", ::recvmsg(server, &message, MSG_WAITALL | MSG_DONTWAIT), message.msg_flags);
  say("nothing of nothing: %zd\n", ::send(client, buffer, 0, 0));
  ::close(client);
  say("end: %zd\n", ::read(server, buffer, 4));
  ::close(server);
}

void half_close() {
  const auto [client, server] = connection();
  char buffer[16] = {};
  ::send(client, "last", 4, 0);
  say("shutdown: %s\n", outcome(::shutdown(client, SHUT_WR)));
  say_events("server", server);
  say("read: %zd\n", ::read(server, buffer, sizeof buffer));
  say("end: %zd\n", ::read(server, buffer, sizeof buffer));
  say("write back: %zd\n", ::write(server, "answer", 6));
  say("read it: %zd\n", ::read(client, buffer, sizeof buffer));
  say("send more: %s\n", outcome(::send(client, "x", 1, MSG_NOSIGNAL)));
  ::close(server);
  say("end of that: %zd\n", ::read(client, buffer, sizeof buffer));
  say_events("client", client);
  ::close(client);
}

// More than fits anywhere, from a process to another.
void much() {
  const int listening = listener();
  constexpr std::size_t kTotal = 3'000'000;
  const pid_t child = in_child([&] {
    const int fd = ::accept(listening, nullptr, nullptr);
    unsigned sum = 0, next = 0;
    char buffer[10000];
    std::size_t total = 0;
    for (ssize_t count; (count = ::read(fd, buffer, sizeof buffer)) > 0; total += static_cast<std::size_t>(count)) {
      for (ssize_t i = 0; i < count; ++i) sum += static_cast<unsigned char>(buffer[i]) != (next++ & 0xff);
    }
    say("wrong bytes: %u of %zu\n", sum, total);
    return 0;
  });
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  connect_to(fd, v4("127.0.0.1", port_of(listening)));
  std::vector<char> bytes(kTotal);
  for (std::size_t i = 0; i < kTotal; ++i) bytes[i] = static_cast<char>(i);
  say("written: %zd\n", ::write(fd, bytes.data(), bytes.size()));
  ::close(fd);
  say_end("reader", child);
  ::close(listening);
}

void wait_all() {
  const auto [client, server] = connection();
  const pid_t child = in_child([&, server = server] {
    char buffer[8] = {};
    const ssize_t count = ::recv(server, buffer, 6, MSG_WAITALL);
    say("all: %zd %s\n", count, buffer);
    const ssize_t less = ::recv(server, buffer, 8, MSG_WAITALL);
    say("less: %zd\n", less);
    return 0;
  });
  await_asleep(child);
  ::send(client, "abc", 3, 0);
  await_asleep(child);
  ::send(client, "defgh", 5, 0);
  await_asleep(child);
  ::shutdown(client, SHUT_WR);
  say_end("reader", child);
  ::close(client);
  ::close(server);
}

int run() {
  names();
  data();
  half_close();
  much();
  wait_all();
  return 0;
}

const Topic topic("tcp_basic", run);

}  // namespace
