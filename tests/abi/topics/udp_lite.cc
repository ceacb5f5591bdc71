// UDP-Lite (RFC 3828): ports apart from UDP's, and a checksum that need not cover everything.
#include <netinet/udp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

// <linux/udp.h>; the C library has no header for them.
constexpr int kSendCoverage = 10, kReceiveCoverage = 11;

int lite(int family) {
  return ::socket(family, SOCK_DGRAM, IPPROTO_UDPLITE);
}

const char* set(int fd, int level, int name, int value) {
  return outcome(::setsockopt(fd, level, name, &value, sizeof value));
}

int get(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) < 0 ? -1 : value;
}

template <typename Address>
ssize_t send_to(int fd, std::size_t size, const Address& address) {
  const std::string text(size, 'x');
  return ::sendto(fd, text.data(), size, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

ssize_t received(int fd) {
  char buffer[256];
  return ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
}

// Lines of a table of /proc/net but for its heading.
int lines(const char* path) {
  std::ifstream file(path);
  int count = -1;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

void conversation() {
  say("conversation\n");
  const int a = lite(AF_INET), b = lite(AF_INET), udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  say("protocol %d, type %d\n", get(a, SOL_SOCKET, SO_PROTOCOL), get(a, SOL_SOCKET, SO_TYPE));
  say("bind: %s", outcome(bind_to(b, v4("127.0.0.1"))));
  say(", UDP has the same port: %s", outcome(bind_to(udp, v4("127.0.0.1", port_of(b)))));
  const int taken = lite(AF_INET);
  say(", another one: %s\n", outcome(bind_to(taken, v4("127.0.0.1", port_of(b)))));
  say("in /proc/net: %d, %d\n", lines("/proc/net/udplite"), lines("/proc/net/udplite6"));
  say("send: %zd", send_to(a, 5, v4("127.0.0.1", port_of(b))));
  say(", nothing: %zd\n", send_to(a, 0, v4("127.0.0.1", port_of(b))));
  say("received: %zd", received(b));
  say(", %zd", received(b));
  say(", %s, UDP: ", outcome(received(b)));
  say("%s\n", outcome(received(udp)));
  ::close(b);
  say("connect: %s\n", outcome(connect_to(a, v4("127.0.0.1", port_of(udp)))));
  say("send where only UDP is: %zd", ::send(a, "x", 1, 0));
  say(", then %s\n", outcome(::send(a, "x", 1, 0)));
  for (const int fd : {a, udp, taken}) ::close(fd);
}

void options() {
  say("options\n");
  const int a = lite(AF_INET), udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  for (const int name : {kSendCoverage, kReceiveCoverage}) {
    say("%d: fresh %d;", name, get(a, IPPROTO_UDPLITE, name));
    for (const int value : {20, 1, 0, -1, 8, 70000}) {
      say(" %d %s", value, set(a, IPPROTO_UDPLITE, name, value));
      say(" %d;", get(a, IPPROTO_UDPLITE, name));
    }
    say(" by the level of UDP %s", set(a, IPPROTO_UDP, name, 30));
    say(" %d\n", get(a, IPPROTO_UDP, name));
    say("of UDP: %s", set(udp, IPPROTO_UDPLITE, name, 20));
    say(" %d\n", get(udp, IPPROTO_UDPLITE, name));
  }
  say("cork of UDP by the other level: %s", set(udp, IPPROTO_UDPLITE, UDP_CORK, 1));
  say(" %d\n", get(udp, IPPROTO_UDP, UDP_CORK));
  say("unknown: %s, segments %s", set(a, IPPROTO_UDPLITE, 77, 1), set(a, IPPROTO_UDPLITE, UDP_SEGMENT, 10));
  say(", a send by segments: %s\n", outcome(send_to(a, 100, v4("127.0.0.1", 9))));
  ::close(a);
  ::close(udp);
}

// What of 100 bytes arrives for each coverage that the sender gives and the receiver asks for; -2: not set.
void coverage(int family) {
  say("coverage, family %d\n", family);
  for (const int wanted : {-2, 0, 8, 20, 108, 109}) {
    say("at least %d:", wanted);
    for (const int given : {-2, 0, 8, 20, 107, 108, 200}) {
      const int a = lite(family), b = lite(family);
      if (wanted != -2) set(b, IPPROTO_UDPLITE, kReceiveCoverage, wanted);
      if (given != -2) set(a, IPPROTO_UDPLITE, kSendCoverage, given);
      if (family == AF_INET) {
        bind_to(b, v4("127.0.0.1"));
        send_to(a, 100, v4("127.0.0.1", port_of(b)));
      } else {
        bind_to(b, v6("::1"));
        send_to(a, 100, v6("::1", port_of(b)));
      }
      say(" %d %zd", given, received(b));
      ::close(a);
      ::close(b);
    }
    say("\n");
  }
}

int run() {
  conversation();
  options();
  coverage(AF_INET);
  coverage(AF_INET6);
  return 0;
}

const Topic topic("udp_lite", run);

}  // namespace
