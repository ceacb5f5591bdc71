// How TCP connections end: FIN and RST, what is unread, SO_LINGER, writing to who has gone.
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

int g_pipes = 0;

int state_of(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  // Whether the other end has acknowledged the FIN already depends on a timer.
  return info.tcpi_state == TCP_FIN_WAIT1 ? int{TCP_FIN_WAIT2} : int{info.tcpi_state};
}

void say_end_of(const char* what, int fd) {
  char buffer[16];
  say("%s: state %d, recv %s", what, state_of(fd), outcome(::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)));
  say(", again %s\n", outcome(::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)));
}

void send_twice(int fd) {
  say("send: %s", outcome(::send(fd, "x", 1, 0)));
  say(", again: %s", outcome(::send(fd, "x", 1, 0)));
  say(", and again: %s; SIGPIPEs: %d, state %d\n", outcome(::send(fd, "x", 1, 0)), g_pipes, state_of(fd));
}

void closed() {
  const auto [client, server] = connection();
  ::close(client);
  say_events("server", server);
  send_twice(server);
  say_events("server", server);
  say_end_of("server", server);
  ::close(server);
}

void closed_with_unread() {
  const auto [client, server] = connection();
  ::send(server, "unread", 6, 0);
  ::send(client, "before", 6, 0);
  ::close(client);
  say_events("server", server);
  say("error %d\n", error_of(server));
  say_end_of("server", server);
  send_twice(server);
  ::close(server);
  const auto [client2, server2] = connection();
  ::send(server2, "unread", 6, 0);
  ::close(client2);
  char byte;
  say("recv: %s", outcome(::recv(server2, &byte, 1, 0)));
  say(", again: %s\n", outcome(::recv(server2, &byte, 1, 0)));
  say_events("server", server2);
  ::close(server2);
}

void linger_zero() {
  const auto [client, server] = connection();
  const linger at_once{1, 0};
  ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::send(client, "data", 4, 0);
  ::close(client);
  say_events("server", server);
  char buffer[8];
  say("data: %s", outcome(::recv(server, buffer, 8, 0)));
  say(", then %s\n", outcome(::recv(server, buffer, 8, 0)));
  send_twice(server);
  ::close(server);
}

void linger_some() {
  const auto [client, server] = connection();
  const linger patient{1, 5};
  ::setsockopt(client, SOL_SOCKET, SO_LINGER, &patient, sizeof patient);
  ::send(client, "data", 4, 0);
  say("close: %s\n", outcome(::close(client)));
  char buffer[8];
  say("data: %zd\n", ::recv(server, buffer, 8, 0));
  say("end: %zd\n", ::recv(server, buffer, 8, 0));
  ::close(server);
}

void half_closed_states() {
  const auto [client, server] = connection();
  say("states %d %d\n", state_of(client), state_of(server));
  ::shutdown(client, SHUT_WR);
  say("states %d %d\n", state_of(client), state_of(server));
  say_events("client", client);
  say_events("server", server);
  say("again: %s\n", outcome(::shutdown(client, SHUT_WR)));
  ::shutdown(server, SHUT_WR);
  say("states %d %d\n", state_of(client), state_of(server));
  say_events("client", client);
  say_events("server", server);
  say("shutdown: %s %s\n", outcome(::shutdown(client, SHUT_RD)), outcome(::shutdown(server, SHUT_RDWR)));
  say_names("client", client);
  say_names("server", server);
  send_twice(client);
  say_end_of("client", client);
  ::close(client);
  ::close(server);
}

// Both directions are shut, and more comes.
void data_for_the_deaf() {
  const auto [client, server] = connection();
  ::shutdown(client, SHUT_RDWR);
  say_events("client", client);
  send_twice(server);
  say("client: error %d\n", error_of(client));
  say_end_of("client", client);
  ::close(client);
  ::close(server);
  const auto [reader, writer] = connection();
  ::shutdown(reader, SHUT_RD);
  say_events("reader", reader);
  say("send: %zd\n", ::send(writer, "data", 4, 0));
  char buffer[8];
  say("recv: %zd", ::recv(reader, buffer, 8, MSG_DONTWAIT));
  say(", again %zd\n", ::recv(reader, buffer, 8, MSG_DONTWAIT));
  ::close(reader);
  ::close(writer);
}

void unread_before_end() {
  const auto [client, server] = connection();
  ::send(client, "rest", 4, 0);
  ::close(client);
  int count = -1;
  ::ioctl(server, FIONREAD, &count);
  say("FIONREAD: %d\n", count);
  send_twice(server);
  char buffer[8];
  say("recv: %zd\n", ::recv(server, buffer, 8, 0));
  say_end_of("server", server);
  ::close(server);
}

// A reader that sleeps is told.
void woken() {
  for (const bool reset : {false, true}) {
    const auto [client, server] = connection();
    const pid_t child = in_child([&, client = client, server = server] {
      ::close(client);
      char byte;
      say("recv: %s\n", outcome(::recv(server, &byte, 1, 0)));
      return 0;
    });
    await_asleep(child);
    if (reset) {
      const linger at_once{1, 0};
      ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(client);
    say_end("reader", child);
    ::close(server);
  }
}

int run() {
  ::signal(SIGPIPE, [](int) { ++g_pipes; });
  closed();
  closed_with_unread();
  linger_zero();
  linger_some();
  half_closed_states();
  data_for_the_deaf();
  unread_before_end();
  woken();
  return 0;
}

const Topic topic("tcp_close", run);

}  // namespace
