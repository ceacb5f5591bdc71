// listen(2) and accept(2): how many wait, who is next, what becomes of them when the listener goes.
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

// Connections until one is not made at once.
std::vector<int> fill(int listening) {
  std::vector<int> clients;
  for (int i = 0; i < 20; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect_to(fd, v4("127.0.0.1", port_of(listening)));
    clients.push_back(fd);
    pollfd poll{fd, POLLOUT, 0};
    if (::poll(&poll, 1, 50) != 1) break;
  }
  return clients;
}

void limits() {
  for (const int backlog : {0, 1, 3, 7}) {
    const int listening = listener("127.0.0.1", backlog);
    const std::vector<int> clients = fill(listening);
    say("backlog %d: %zu connected\n", backlog, clients.size() - 1);
    say_events("the last one", clients.back());
    char byte = 0;
    say("send: %s, recv: %s\n", outcome(::send(clients.back(), &byte, 1, 0)),
        outcome(::recv(clients.back(), &byte, 1, 0)));
    say("connect: %s\n", outcome(connect_to(clients.back(), v4("127.0.0.1", port_of(listening)))));
    say_names("the last one", clients.back());
    const int accepted = ::accept(listening, nullptr, nullptr);
    await(clients.back(), POLLOUT);
    say_events("when there is room", clients.back());
    ::close(accepted);
    for (const int fd : clients) ::close(fd);
    ::close(listening);
  }
}

void order() {
  const int listening = listener();
  ::fcntl(listening, F_SETFL, O_NONBLOCK);
  say_events("nobody", listening);
  say("nobody: %s\n", outcome(::accept(listening, nullptr, nullptr)));
  std::vector<int> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    connect_to(clients.back(), v4("127.0.0.1", port_of(listening)));
    const char mark = static_cast<char>('a' + i);
    ::send(clients.back(), &mark, 1, 0);
  }
  say_events("some", listening);
  for (int i = 0; i < 4; ++i) {
    const int fd = ::accept(listening, nullptr, nullptr);
    char mark = 0;
    ::recv(fd, &mark, 1, 0);
    say("accepted %c, flags %#x\n", mark, ::fcntl(fd, F_GETFL));
    ::close(fd);
  }
  say_events("none", listening);
  for (const int fd : clients) ::close(fd);
  ::close(listening);
}

// Who goes before being accepted.
void gone() {
  const int listening = listener();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  connect_to(fd, v4("127.0.0.1", port_of(listening)));
  ::send(fd, "bye", 3, 0);
  ::close(fd);
  char buffer[8] = {};
  int accepted = ::accept(listening, nullptr, nullptr);
  say("closed: %zd %s, then %zd\n", ::recv(accepted, buffer, 8, 0), buffer, ::recv(accepted, buffer, 8, 0));
  ::close(accepted);
  const int reset = ::socket(AF_INET, SOCK_STREAM, 0);
  connect_to(reset, v4("127.0.0.1", port_of(listening)));
  const linger at_once{1, 0};
  ::setsockopt(reset, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(reset);
  say_events("listener", listening);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  accepted = ::accept(listening, reinterpret_cast<sockaddr*>(&name), &size);
  say("reset: %s, %s\n", outcome(accepted), text_of(name, size).c_str());
  say("recv: %s\n", outcome(::recv(accepted, buffer, 8, 0)));
  say_names("accepted", accepted);
  ::close(accepted);
  ::close(listening);
}

void listener_goes() {
  const int listening = listener();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  connect_to(fd, v4("127.0.0.1", port_of(listening)));
  ::close(listening);
  await(fd, POLLIN);
  say_events("client", fd);
  char byte;
  say("recv: %s\n", outcome(::recv(fd, &byte, 1, 0)));
  ::close(fd);
}

void shut() {
  const int listening = listener();
  const int port = port_of(listening);
  const pid_t child = in_child([&] {
    say("accept: %s\n", outcome(::accept(listening, nullptr, nullptr)));
    return 0;
  });
  await_asleep(child);
  ::shutdown(listening, SHUT_RD);
  say_end("who accepts", child);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  say("connect: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port))));
  say("accepts: %d\n", [&] {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(listening, SOL_SOCKET, SO_ACCEPTCONN, &value, &size);
    return value;
  }());
  say("listen again: %s\n", outcome(::listen(listening, 1)));
  say("connect: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  ::close(fd);
  ::close(listening);
}

void times_out() {
  const int listening = listener();
  timeval time{0, 20000};
  ::setsockopt(listening, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  say("accept with SO_RCVTIMEO: %s\n", outcome(::accept(listening, nullptr, nullptr)));
  const auto [client, server] = connection(listening);
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  char byte;
  say("recv with SO_RCVTIMEO: %s\n", outcome(::recv(client, &byte, 1, 0)));
  timeval inherited{};
  socklen_t size = sizeof inherited;
  ::getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &inherited, &size);
  say("inherited: %d\n", static_cast<int>(inherited.tv_usec));
  ::close(client);
  ::close(server);
  ::close(listening);
}

int run() {
  limits();
  order();
  gone();
  listener_goes();
  shut();
  times_out();
  return 0;
}

const Topic topic("tcp_backlog", run);

}  // namespace
