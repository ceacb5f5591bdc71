// Options of TCP, IP and IPv6 sockets: what they are at first, what can be set, what is refused.
#include <netinet/tcp.h>
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

struct Option {
  const char* name;
  int level;
  int number;
};

const Option kStreamOptions[] = {
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY},
    {"TCP_CORK", IPPROTO_TCP, TCP_CORK},
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT},
    {"TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT},
    {"TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2},
    {"TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {"TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT},
    {"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN},
    {"TCP_FASTOPEN_CONNECT", IPPROTO_TCP, 30},
    {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG},
    {"TCP_WINDOW_CLAMP", IPPROTO_TCP, TCP_WINDOW_CLAMP},
    {"TCP 99", IPPROTO_TCP, 99},
};

const Option kCommonOptions[] = {
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
    {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST},
    {"SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE},
    {"SO_DONTROUTE", SOL_SOCKET, SO_DONTROUTE},
    {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY},
    {"SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT},
    {"SO_SNDLOWAT", SOL_SOCKET, SO_SNDLOWAT},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
    {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
    {"SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP},
    {"IP_TOS", IPPROTO_IP, IP_TOS},
    {"IP_TTL", IPPROTO_IP, IP_TTL},
    {"IP_RECVERR", IPPROTO_IP, IP_RECVERR},
    {"IP_RECVTTL", IPPROTO_IP, IP_RECVTTL},
    {"IP_RECVTOS", IPPROTO_IP, IP_RECVTOS},
    {"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO},
    {"IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER},
    {"IP_MTU", IPPROTO_IP, IP_MTU},
    {"IP_FREEBIND", IPPROTO_IP, IP_FREEBIND},
    {"IP_TRANSPARENT", IPPROTO_IP, IP_TRANSPARENT},
    {"IP_MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL},
    {"IP_MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP},
    {"IP_MINTTL", IPPROTO_IP, 21},
    {"IP_HDRINCL", IPPROTO_IP, IP_HDRINCL},
    {"IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, 24},
};

const Option kSixOptions[] = {
    {"IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY},
    {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {"IPV6_MULTICAST_HOPS", IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    {"IPV6_MULTICAST_LOOP", IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    {"IPV6_MULTICAST_IF", IPPROTO_IPV6, IPV6_MULTICAST_IF},
    {"IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {"IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
    {"IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS},
    {"IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS},
    {"IPV6_RECVERR", IPPROTO_IPV6, IPV6_RECVERR},
    {"IPV6_MTU_DISCOVER", IPPROTO_IPV6, IPV6_MTU_DISCOVER},
    {"IPV6_MTU", IPPROTO_IPV6, IPV6_MTU},
    {"IPV6_DONTFRAG", IPPROTO_IPV6, IPV6_DONTFRAG},
    {"IPV6 250", IPPROTO_IPV6, 250},
};

void try_option(int fd, const Option& option) {
  int value = -77;
  socklen_t size = sizeof value;
  say("%s: %s", option.name, outcome(::getsockopt(fd, option.level, option.number, &value, &size)));
  // Defaults that the machine's owner may have changed.
  const bool tuned = option.number == SO_RCVBUF && option.level == SOL_SOCKET;
  say(" %d (%u);", tuned ? 0 : value, size);
  for (const int set : {0, 1, 5, -1, 300, 70000}) {
    say(" %d %s", set, outcome(set_int(fd, option.level, option.number, set)));
    value = -77;
    size = sizeof value;
    if (::getsockopt(fd, option.level, option.number, &value, &size) == 0) say(" %d", value);
  }
  const char byte = 1;
  say("; a byte %s", outcome(::setsockopt(fd, option.level, option.number, &byte, 1)));
  say(", none %s\n", outcome(::setsockopt(fd, option.level, option.number, &byte, 0)));
}

void names_of_algorithms(int fd) {
  char name[32] = {};
  socklen_t size = sizeof name;
  say("TCP_CONGESTION: %s", outcome(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size)));
  say(" (%u)\n", size);
  say("reno: %s, none: %s\n", outcome(::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4)),
      outcome(::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6)));
  size = sizeof name;
  ::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size);
  say("now %s\n", name);
}

void facts(const char* what, int fd) {
  say("%s:", what);
  const Option options[] = {{"SO_TYPE", SOL_SOCKET, SO_TYPE},
                            {"SO_DOMAIN", SOL_SOCKET, SO_DOMAIN},
                            {"SO_PROTOCOL", SOL_SOCKET, SO_PROTOCOL},
                            {"SO_ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN},
                            {"SO_ERROR", SOL_SOCKET, SO_ERROR},
                            {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG},
                            {"IP_MTU", IPPROTO_IP, IP_MTU}};
  for (const Option& option : options) {
    int value = -77;
    socklen_t size = sizeof value;
    say(" %s %s", option.name, outcome(::getsockopt(fd, option.level, option.number, &value, &size)));
    say(" %d", value);
  }
  say("\n");
}

void kinds() {
  const int listening = listener();
  set_int(listening, IPPROTO_TCP, TCP_NODELAY, 1);
  const auto [client, server] = connection(listening);
  facts("listener", listening);
  facts("client", client);
  facts("server", server);
  int value = 0;
  socklen_t size = sizeof value;
  ::getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &value, &size);
  say("inherited: %d\n", value);
  tcp_info info{};
  size = sizeof info;
  ::send(client, "12345", 5, 0);
  ::getsockopt(server, IPPROTO_TCP, TCP_INFO, &info, &size);
  say("TCP_INFO: state %d, options %#x\n", info.tcpi_state, info.tcpi_options);
  size = 4;
  char few[4] = {};
  say("a part of it: %s", outcome(::getsockopt(server, IPPROTO_TCP, TCP_INFO, few, &size)));
  say(" %u, state %d\n", size, few[0]);
  const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  facts("udp", udp);
  for (const int end : {listening, client, server, udp}) ::close(end);
}

int run() {
  const int stream = ::socket(AF_INET, SOCK_STREAM, 0);
  for (const Option& option : kStreamOptions) try_option(stream, option);
  for (const Option& option : kCommonOptions) try_option(stream, option);
  names_of_algorithms(stream);
  const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  say("datagrams\n");
  for (const Option& option : kCommonOptions) try_option(udp, option);
  const int six = ::socket(AF_INET6, SOCK_DGRAM, 0);
  say("IPv6\n");
  for (const Option& option : kSixOptions) try_option(six, option);
  say("of another family: %s\n", outcome(set_int(udp, IPPROTO_IPV6, IPV6_V6ONLY, 1)));
  kinds();
  return 0;
}

const Topic topic("tcp_options", run);

}  // namespace
