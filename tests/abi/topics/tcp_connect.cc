// connect(2): refused, not blocking, repeated, undone; who is at the other end; where there is no way to.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <csignal>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

int tcp(int flags = 0) {
  return ::socket(AF_INET, SOCK_STREAM | flags, 0);
}

// A port that nobody listens on.
int free_port() {
  const int fd = tcp();
  bind_to(fd, v4("127.0.0.1"));
  const int port = port_of(fd);
  ::close(fd);
  return port;
}

void refused() {
  const int port = free_port();
  const int fd = tcp();
  say("refused: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port))));
  say("SO_ERROR %d\n", error_of(fd));
  say_events("refused", fd);
  say("again: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port))));
  const int listening = listener();
  say("then elsewhere: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  say("and again: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  ::close(fd);
  ::close(listening);
}

void non_blocking() {
  const int listening = listener();
  const int fd = tcp(SOCK_NONBLOCK);
  say_events("fresh", fd);
  say("first: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  await(fd, POLLOUT);
  say_events("connected", fd);
  say("SO_ERROR %d\n", error_of(fd));
  say("second: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  say("third: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(listening)))));
  say_names("connected", fd);
  ::close(fd);
  const int port = free_port();
  const int lost = tcp(SOCK_NONBLOCK);
  say("refused: %s\n", outcome(connect_to(lost, v4("127.0.0.1", port))));
  await(lost, POLLOUT);
  say_events("refused", lost);
  say("SO_ERROR %d, then %d\n", error_of(lost), error_of(lost));
  say_events("asked", lost);
  say("second: %s\n", outcome(connect_to(lost, v4("127.0.0.1", port))));
  say("third: %s\n", outcome(connect_to(lost, v4("127.0.0.1", port))));
  await(lost, POLLOUT);
  say("fourth: %s\n", outcome(connect_to(lost, v4("127.0.0.1", port))));
  say_names("refused", lost);
  ::close(lost);
  const int sends = tcp(SOCK_NONBLOCK);
  connect_to(sends, v4("127.0.0.1", port));
  await(sends, POLLOUT);
  say("send: %s\n", outcome(::send(sends, "x", 1, MSG_NOSIGNAL)));
  say("send again: %s\n", outcome(::send(sends, "x", 1, MSG_NOSIGNAL)));
  char byte;
  say("recv: %s\n", outcome(::recv(sends, &byte, 1, 0)));
  ::close(sends);
  ::close(listening);
}

void nowhere() {
  const int fd = tcp();
  say("outside: %s\n", outcome(connect_to(fd, v4("192.0.2.1", 80))));
  say("multicast: %s\n", outcome(connect_to(fd, v4("224.0.0.1", 80))));
  say("broadcast: %s\n", outcome(connect_to(fd, v4("255.255.255.255", 80))));
  say("broadcast here: %s\n", outcome(connect_to(fd, v4("127.255.255.255", 80))));
  say("port 0: %s\n", outcome(connect_to(fd, v4("127.0.0.1", 0))));
  sockaddr_in wrong = v4("127.0.0.1", 80);
  wrong.sin_family = AF_INET6;
  say("family: %s\n", outcome(connect_to(fd, wrong)));
  wrong.sin_family = AF_INET;
  say("short: %s\n", outcome(::connect(fd, reinterpret_cast<sockaddr*>(&wrong), 8)));
  say("very short: %s\n", outcome(::connect(fd, reinterpret_cast<sockaddr*>(&wrong), 1)));
  say("long: %s\n", outcome(::connect(fd, reinterpret_cast<sockaddr*>(&wrong), 500)));
  say("nothing: %s\n", outcome(::connect(fd, nullptr, 16)));
  say_names("after all", fd);
  ::close(fd);
}

void elsewhere_on_loopback() {
  const int any = listener("0.0.0.0");
  const int fd = tcp();
  say("127.3.2.1: %s\n", outcome(connect_to(fd, v4("127.3.2.1", port_of(any)))));
  say_names("client", fd);
  const int server = ::accept(any, nullptr, nullptr);
  say_names("server", server);
  const int zero = tcp();
  say("0.0.0.0: %s\n", outcome(connect_to(zero, v4("0.0.0.0", port_of(any)))));
  say_names("client", zero);
  const int bound = tcp();
  bind_to(bound, v4("127.0.0.7"));
  say("from 127.0.0.7: %s\n", outcome(connect_to(bound, v4("127.0.0.1", port_of(any)))));
  say_names("client", bound);
  const int one = listener("127.0.0.2");
  const int other = tcp();
  say("not that one: %s\n", outcome(connect_to(other, v4("127.0.0.1", port_of(one)))));
  for (const int end : {any, fd, server, zero, bound, one, other}) ::close(end);
}

void undone() {
  const int listening = listener();
  const auto [client, server] = connection(listening);
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  say("undo: %s\n", outcome(::connect(client, &nobody, sizeof nobody)));
  say_names("client", client);
  say_events("client", client);
  say("its error: %d\n", error_of(client));
  char byte;
  say("the other end: %s\n", outcome(::recv(server, &byte, 1, 0)));
  say("and then: %s\n", outcome(::recv(server, &byte, 1, 0)));
  say("connect anew: %s\n", outcome(connect_to(client, v4("127.0.0.1", port_of(listening)))));
  const int again = ::accept(listening, nullptr, nullptr);
  say("send: %zd", ::send(client, "x", 1, 0));
  say(", recv: %zd\n", ::recv(again, &byte, 1, 0));
  say("undo a listener: %s\n", outcome(::connect(listening, &nobody, sizeof nobody)));
  say("listens: %s\n", outcome(connect_to(server, v4("127.0.0.1", port_of(listening)))));
  for (const int end : {listening, client, server, again}) ::close(end);
}

void to_itself() {
  const int fd = tcp();
  bind_to(fd, v4("127.0.0.1"));
  say("itself: %s\n", outcome(connect_to(fd, v4("127.0.0.1", port_of(fd)))));
  say_names("itself", fd);
  char buffer[8] = {};
  say("send: %zd", ::send(fd, "self", 4, 0));
  say(", recv: %zd\n", ::recv(fd, buffer, sizeof buffer, 0));
  say("shutdown: %s\n", outcome(::shutdown(fd, SHUT_WR)));
  say("end: %zd\n", ::recv(fd, buffer, sizeof buffer, 0));
  ::close(fd);
}

void unconnected() {
  const int fd = tcp();
  char byte = 0;
  ::signal(SIGPIPE, SIG_IGN);
  say("send: %s, recv: %s\n", outcome(::send(fd, &byte, 1, 0)), outcome(::recv(fd, &byte, 1, 0)));
  say("shutdown: %s\n", outcome(::shutdown(fd, SHUT_RD)));
  say_events("fresh", fd);
  say("accept: %s\n", outcome(::accept(fd, nullptr, nullptr)));
  const int listening = listener();
  say("listener: send %s", outcome(::send(listening, &byte, 1, 0)));
  say(", recv %s", outcome(::recv(listening, &byte, 1, 0)));
  say(", connect %s\n", outcome(connect_to(listening, v4("127.0.0.1", 1))));
  const auto [client, server] = connection(listening);
  say("listen when connected: %s\n", outcome(::listen(client, 1)));
  say("bind when connected: %s\n", outcome(bind_to(client, v4("127.0.0.1"))));
  for (const int end : {fd, listening, client, server}) ::close(end);
}

int run() {
  refused();
  non_blocking();
  nowhere();
  elsewhere_on_loopback();
  undone();
  to_itself();
  unconnected();
  return 0;
}

const Topic topic("tcp_connect", run);

}  // namespace
