// ICMP echo: who may ping, and what a raw socket hears.
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

std::uint16_t checksum(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  unsigned sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += i % 2 ? bytes[i] : bytes[i] * 256u;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

void echo(const char* to) {
  const int fd = ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  struct {
    icmphdr header;
    char data[16];
  } request{};
  request.header.type = ICMP_ECHO;
  request.header.un.echo.id = htons(77);
  request.header.un.echo.sequence = htons(1);
  std::memcpy(request.data, "0123456789abcdef", 16);
  request.header.checksum = checksum(&request, sizeof request);
  const sockaddr_in address = v4(to);
  say("to %s: %s\n", to,
      outcome(::sendto(fd, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
  for (int i = 0; i < 3; ++i) {
    char packet[128] = {};
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    const ssize_t count =
        ::recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&name), &size);
    if (count < 0) {
      say("%s\n", outcome(count));
      break;
    }
    const auto& ip = *reinterpret_cast<iphdr*>(packet);
    const auto& icmp = *reinterpret_cast<icmphdr*>(packet + 20);
    say("%zd from %s: header %d, protocol %d, ttl %d, type %d, id %d, data %.16s, checksums %d %d\n", count,
        text_of(name, size).c_str(), ip.ihl, ip.protocol, ip.ttl, icmp.type, ntohs(icmp.un.echo.id), packet + 28,
        checksum(packet, 20), checksum(packet + 20, static_cast<std::size_t>(count) - 20));
  }
  ::close(fd);
}

void echo6() {
  const int fd = ::socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  icmp6_hdr request{};
  request.icmp6_type = ICMP6_ECHO_REQUEST;
  icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  say("filter: %s\n", outcome(::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter)));
  const sockaddr_in6 address = v6("::1");
  say("to ::1: %s\n",
      outcome(::sendto(fd, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
  icmp6_hdr answer{};
  say("answer: %zd", ::recv(fd, &answer, sizeof answer, MSG_DONTWAIT));
  say(", type %d\n", answer.icmp6_type);
  say("more: %s\n", outcome(::recv(fd, &answer, sizeof answer, MSG_DONTWAIT)));
  ::close(fd);
}

int run() {
  say("ping socket: %s, of IPv6: %s\n", outcome(::socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)),
      outcome(::socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6)));
  say("raw without a protocol: %s\n", outcome(::socket(AF_INET, SOCK_RAW, 0)));
  say("kinds: %s", outcome(::socket(AF_INET, SOCK_SEQPACKET, 0)));
  say(" %s", outcome(::socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)));
  say(" %s", outcome(::socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP)));
  say(" %s", outcome(::socket(AF_INET, SOCK_STREAM, -1)));
  say(" %s\n", outcome(::socket(AF_INET, SOCK_STREAM, 500)));
  int pair[2];
  say("a pair: %s\n", outcome(::socketpair(AF_INET, SOCK_STREAM, 0, pair)));
  echo("127.0.0.1");
  echo("127.9.9.9");
  echo("192.0.2.1");
  echo6();
  return 0;
}

const Topic topic("ping_socket", run);

}  // namespace
