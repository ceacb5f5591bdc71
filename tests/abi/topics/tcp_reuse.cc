// Who may have a port together with whom: SO_REUSEADDR, SO_REUSEPORT, wildcards, IPv4 and IPv6, TIME_WAIT.
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

constexpr int kAddress = 1, kPort = 2;

int made(int family, int type, int reuse) {
  const int fd = ::socket(family, type, 0);
  if (reuse & kAddress) set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (reuse & kPort) set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  return fd;
}

int bind_any(int fd, const char* address, int port) {
  return std::strchr(address, ':') ? bind_to(fd, v6(address, port)) : bind_to(fd, v4(address, port));
}

void pairs(int type) {
  const char* const addresses[][2] = {{"127.0.0.1", "127.0.0.1"},
                                      {"127.0.0.1", "127.0.0.2"},
                                      {"0.0.0.0", "127.0.0.1"},
                                      {"127.0.0.1", "0.0.0.0"},
                                      {"::", "0.0.0.0"},
                                      {"0.0.0.0", "::"},
                                      {"::1", "127.0.0.1"},
                                      {"::", "::1"},
                                      {"::1", "::1"},
                                      {"::ffff:127.0.0.1", "127.0.0.1"}};
  for (const auto& [first, second] : addresses) {
    say("%s and %s:", first, second);
    for (int one = 0; one < 4; ++one) {
      for (int other = 0; other < 4; ++other) {
        const int a = made(std::strchr(first, ':') ? AF_INET6 : AF_INET, type, one);
        const int b = made(std::strchr(second, ':') ? AF_INET6 : AF_INET, type, other);
        bind_any(a, first, 0);
        const bool bound = bind_any(b, second, port_of(a)) == 0;
        say(" %d", bound);
        if (bound && type == SOCK_STREAM) {
          const bool first_listens = ::listen(a, 1) == 0;
          say("%c%c", first_listens ? 'l' : '-', ::listen(b, 1) == 0 ? 'l' : '-');
        }
        ::close(a);
        ::close(b);
      }
    }
    say("\n");
  }
}

void only_six() {
  for (const int only : {0, 1}) {
    const int six = ::socket(AF_INET6, SOCK_STREAM, 0), four = ::socket(AF_INET, SOCK_STREAM, 0);
    set_int(six, IPPROTO_IPV6, IPV6_V6ONLY, only);
    bind_to(six, v6("::"));
    say("V6ONLY %d: %s\n", only, outcome(bind_to(four, v4("0.0.0.0", port_of(six)))));
    say("set later: %s\n", outcome(set_int(six, IPPROTO_IPV6, IPV6_V6ONLY, 1)));
    ::close(six);
    ::close(four);
  }
  const int six = ::socket(AF_INET6, SOCK_STREAM, 0);
  set_int(six, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  say("mapped: %s\n", outcome(bind_to(six, v6("::ffff:127.0.0.1"))));
  ::close(six);
}

// Who ends first keeps the port for a while.
void time_wait() {
  for (const int reuse : {0, 1}) {
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    set_int(listening, SOL_SOCKET, SO_REUSEADDR, reuse);
    bind_to(listening, v4("127.0.0.1"));
    ::listen(listening, 4);
    const int port = port_of(listening);
    const auto [client, server] = connection(listening);
    ::close(server);
    ::close(client);
    ::close(listening);
    const int again = ::socket(AF_INET, SOCK_STREAM, 0);
    say("plain: %s\n", outcome(bind_to(again, v4("127.0.0.1", port))));
    ::close(again);
    const int reused = made(AF_INET, SOCK_STREAM, kAddress);
    say("SO_REUSEADDR: %s\n", outcome(bind_to(reused, v4("127.0.0.1", port))));
    ::close(reused);
  }
  // Who is reset leaves nothing.
  const int listening = listener();
  const int port = port_of(listening);
  const auto [client, server] = connection(listening);
  const linger at_once{1, 0};
  ::setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(server);
  ::close(listening);
  const int again = ::socket(AF_INET, SOCK_STREAM, 0);
  say("after a reset: %s\n", outcome(bind_to(again, v4("127.0.0.1", port))));
  ::close(again);
  ::close(client);
}

void group() {
  const int first = made(AF_INET, SOCK_STREAM, kPort), second = made(AF_INET, SOCK_STREAM, kPort);
  bind_to(first, v4("127.0.0.1"));
  bind_to(second, v4("127.0.0.1", port_of(first)));
  ::listen(first, 64);
  ::listen(second, 64);
  int clients[40];
  for (int& fd : clients) {
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    connect_to(fd, v4("127.0.0.1", port_of(first)));
  }
  int counts[2] = {};
  for (int i = 0; i < 2; ++i) {
    pollfd poll{i ? second : first, POLLIN, 0};
    while (::poll(&poll, 1, 0) == 1) ::close(::accept(poll.fd, nullptr, nullptr)), ++counts[i];
  }
  say("both have some: %d, all: %d\n", counts[0] > 0 && counts[1] > 0, counts[0] + counts[1]);
  for (const int fd : clients) ::close(fd);
  ::close(first);
  ::close(second);
}

void privileged() {
  const pid_t child = in_child([] {
    ::setuid(1000);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0), six = ::socket(AF_INET6, SOCK_DGRAM, 0);
    say("port 80: %s", outcome(bind_to(fd, v4("127.0.0.1", 80))));
    say(", of IPv6: %s", outcome(bind_to(six, v6("::1", 80))));
    say(", raw: %s\n", outcome(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
    return 0;
  });
  say_end("user", child);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  say("port 80: %s\n", outcome(bind_to(fd, v4("127.0.0.1", 80))));
  ::close(fd);
}

int run() {
  pairs(SOCK_STREAM);
  pairs(SOCK_DGRAM);
  only_six();
  time_wait();
  group();
  privileged();
  return 0;
}

const Topic topic("tcp_reuse", run);

}  // namespace
