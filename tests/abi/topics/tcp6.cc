// AF_INET6: ::1, IPv4 through mapped addresses, scopes, what sockets of both families are called.
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

void stream(const char* bound, const char* to, int family) {
  const int listening = ::socket(AF_INET6, SOCK_STREAM, 0);
  say("%s: bind %s", bound, outcome(bind_to(listening, v6(bound))));
  say(", listen %s\n", outcome(::listen(listening, 4)));
  const int fd = ::socket(family, SOCK_STREAM, 0);
  say("%s: %s\n", to,
      outcome(family == AF_INET6 ? connect_to(fd, v6(to, port_of(listening)))
                                 : connect_to(fd, v4(to, port_of(listening)))));
  say_names("client", fd);
  pollfd poll{listening, POLLIN, 0};
  if (::poll(&poll, 1, 0) == 1) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    const int server = ::accept(listening, reinterpret_cast<sockaddr*>(&name), &size);
    say("accepted %s\n", text_of(name, size).c_str());
    say_names("server", server);
    char byte = 0;
    ::send(fd, "x", 1, 0);
    say("data: %zd\n", ::recv(server, &byte, 1, 0));
    ::close(server);
  }
  ::close(fd);
  ::close(listening);
}

void datagram(const char* bound, const char* to, int family) {
  const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0), sender = ::socket(family, SOCK_DGRAM, 0);
  bind_to(fd, v6(bound));
  const sockaddr_in6 six = v6(to, port_of(fd));
  const sockaddr_in four = v4(to, port_of(fd));
  const bool is_six = family == AF_INET6;
  const auto* address = is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  say("%s to %s: %s", bound, to, outcome(::sendto(sender, "data", 4, 0, address, is_six ? sizeof six : sizeof four)));
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  char room[8];
  say(", %s", outcome(::recvfrom(fd, room, 8, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&name), &size)));
  say(" from %s\n", text_of(name, size).c_str());
  say("connect: %s\n", outcome(::connect(sender, address, is_six ? sizeof six : sizeof four)));
  say_names("sender", sender);
  ::close(fd);
  ::close(sender);
}

void errors() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  say_names("fresh", fd);
  sockaddr_in6 address = v6("::1", 80);
  say("short bind: %s\n", outcome(::bind(fd, reinterpret_cast<sockaddr*>(&address), 20)));
  say("IPv4 bind: %s\n", outcome(bind_to(fd, v4("127.0.0.1"))));
  say("not here: %s\n", outcome(bind_to(fd, v6("2001:db8::1"))));
  say("mapped, not here: %s\n", outcome(bind_to(fd, v6("::ffff:192.0.2.1"))));
  say("link-local: %s\n", outcome(bind_to(fd, v6("fe80::1"))));
  say("multicast: %s\n", outcome(bind_to(fd, v6("ff02::1"))));
  say("without a scope: %s\n", outcome(::bind(fd, reinterpret_cast<const sockaddr*>(&address), 24)));
  const int other = ::socket(AF_INET6, SOCK_STREAM, 0);
  say("connect short: %s\n", outcome(::connect(other, reinterpret_cast<sockaddr*>(&address), 20)));
  say("connect IPv4: %s\n", outcome(connect_to(other, v4("127.0.0.1", 80))));
  say("connect out: %s\n", outcome(connect_to(other, v6("2001:db8::1", 80))));
  say("connect mapped out: %s\n", outcome(connect_to(other, v6("::ffff:192.0.2.1", 80))));
  say("connect multicast: %s\n", outcome(connect_to(other, v6("ff02::1", 80))));
  say("connect link-local: %s\n", outcome(connect_to(other, v6("fe80::1", 80))));
  set_int(other, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  say("connect mapped, V6ONLY: %s\n", outcome(connect_to(other, v6("::ffff:127.0.0.1", 80))));
  ::close(fd);
  ::close(other);
}

int run() {
  stream("::1", "::1", AF_INET6);
  stream("::", "::1", AF_INET6);
  stream("::", "::", AF_INET6);
  stream("::", "::ffff:127.0.0.1", AF_INET6);
  stream("::", "127.0.0.1", AF_INET);
  stream("::ffff:127.0.0.1", "127.0.0.1", AF_INET);
  stream("::1", "127.0.0.1", AF_INET);
  datagram("::1", "::1", AF_INET6);
  datagram("::", "::ffff:127.0.0.1", AF_INET6);
  datagram("::", "127.0.0.1", AF_INET);
  datagram("::1", "127.0.0.1", AF_INET);
  errors();
  return 0;
}

const Topic topic("tcp6", run);

}  // namespace
