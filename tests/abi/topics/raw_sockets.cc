// Raw sockets (raw(7)): packets with and without a header of their own, what they hear of UDP, checksums (IPV6_CHECKSUM),
// names and options.
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

template <typename Address>
ssize_t send_to(int fd, const void* data, std::size_t size, const Address& to) {
  return ::sendto(fd, data, size, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

// One packet: how long it is, from whom, and its bytes from `from` on.
void hear(const char* what, int fd, std::size_t from = 0) {
  unsigned char bytes[128] = {};
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  const ssize_t count = ::recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&name), &size);
  say("%s: ", what);
  if (count < 0) {
    say("%s\n", outcome(count));
    return;
  }
  say("%zd from %s:", count, text_of(name, size).c_str());
  for (std::size_t i = from; i < static_cast<std::size_t>(count) && i < from + 8; ++i) say(" %02x", bytes[i]);
  say("\n");
}

void udp_is_heard() {
  const int raw = ::socket(AF_INET, SOCK_RAW, IPPROTO_UDP), bound = ::socket(AF_INET, SOCK_RAW, IPPROTO_UDP),
            other = ::socket(AF_INET, SOCK_RAW, IPPROTO_SCTP);
  bind_to(bound, v4("127.0.0.2"));
  const int in = ::socket(AF_INET, SOCK_DGRAM, 0), out = ::socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(in, v4("127.0.0.1"));
  bind_to(out, v4("127.0.0.1"));
  const int port = port_of(in);
  say("send: %zd\n", send_to(out, "hello", 5, v4("127.0.0.1", port)));
  unsigned char bytes[64] = {};
  const ssize_t count = ::recv(raw, bytes, sizeof bytes, MSG_DONTWAIT);
  const auto& ip = *reinterpret_cast<iphdr*>(bytes);
  const auto& udp = *reinterpret_cast<udphdr*>(bytes + 20);
  say("heard %zd: protocol %d, to its port %d, length %d, %.5s\n", count, ip.protocol, ntohs(udp.dest) == port,
      ntohs(udp.len), reinterpret_cast<const char*>(bytes) + 28);
  hear("bound elsewhere", bound);
  hear("another protocol", other);
  say("nobody there: %zd\n", send_to(out, "x", 1, v4("127.0.0.2", port)));
  hear("heard all the same", raw, 28);
  hear("bound there", bound, 28);

  // A datagram that a raw socket has made.
  struct {
    udphdr header{};
    char text[4] = {'r', 'a', 'w', '!'};
  } made;
  made.header.dest = htons(static_cast<std::uint16_t>(port));
  made.header.source = htons(7);
  made.header.len = htons(sizeof made);
  say("made: %zd\n", send_to(raw, &made, sizeof made, v4("127.0.0.1")));
  hear("UDP got 5", in);
  hear("UDP got 4", in);
  made.header.check = htons(0x1234);
  send_to(raw, &made, sizeof made, v4("127.0.0.1"));
  hear("wrong checksum", in);
  made.header.check = 0;
  made.header.len = htons(10);
  send_to(raw, &made, sizeof made, v4("127.0.0.1"));
  hear("shorter by its header", in);
  made.header.len = htons(7);
  send_to(raw, &made, sizeof made, v4("127.0.0.1"));
  made.header.len = htons(60);
  send_to(raw, &made, sizeof made, v4("127.0.0.1"));
  send_to(raw, &made, 5, v4("127.0.0.1"));
  hear("impossible lengths", in);
  for (const int fd : {raw, bound, other, in, out}) ::close(fd);
}

void own_headers() {
  const int out = ::socket(AF_INET, SOCK_RAW, IPPROTO_RAW), udp = ::socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  int on = -1;
  socklen_t size = sizeof on;
  ::getsockopt(out, IPPROTO_IP, IP_HDRINCL, &on, &size);
  say("own headers: %d\n", on);
  struct {
    iphdr ip{};
    char data[12] = "no datagram";
  } packet;
  packet.ip.ihl = 5;
  packet.ip.version = 4;
  packet.ip.ttl = 7;
  packet.ip.protocol = IPPROTO_UDP;
  packet.ip.id = htons(99);
  packet.ip.daddr = htonl(0x7f000009);
  const sockaddr_in to = v4("127.0.0.1");
  say("sent: %zd\n", send_to(out, &packet, sizeof packet, to));
  unsigned char bytes[64] = {};
  sockaddr_in name{};
  size = sizeof name;
  const ssize_t count = ::recvfrom(udp, bytes, sizeof bytes, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&name), &size);
  const auto& ip = *reinterpret_cast<iphdr*>(bytes);
  say("heard %zd: length %d, ttl %d, id %d, from %x, to %x, checksum %04x, %s\n", count, ntohs(ip.tot_len), ip.ttl,
      ntohs(ip.id), ntohl(ip.saddr), ntohl(ip.daddr), ntohs(ip.check), reinterpret_cast<const char*>(bytes) + 20);
  say("short: %s", outcome(send_to(out, &packet, 19, to)));
  packet.ip.ihl = 15;
  say(" header beyond: %s", outcome(send_to(out, &packet, sizeof packet, to)));
  packet.ip.ihl = 5;
  packet.ip.version = 6;
  say(" version: %s", outcome(send_to(out, &packet, sizeof packet, to)));
  packet.ip.version = 4;
  packet.ip.protocol = 200;
  say(" another protocol: %s\n", outcome(send_to(out, &packet, sizeof packet, to)));
  hear("none of them", udp);
  hear("written only", out);
  say("shut: %s", outcome(::shutdown(out, SHUT_WR)));
  connect_to(out, to);
  say(" %s", outcome(::shutdown(out, SHUT_WR)));
  say(" %s\n", outcome(send_to(out, &packet, sizeof packet, to)));
  connect_to(udp, to);
  say("without own headers: %s", outcome(::shutdown(udp, SHUT_WR)));
  say(" %s\n", outcome(send_to(udp, "x", 1, to)));
  ::close(out);
  ::close(udp);

  const int six = ::socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
  say("IPv6, 39 bytes: %s", outcome(send_to(six, bytes, 39, v6("::1"))));
  say(" 40: %s\n", outcome(send_to(six, bytes, 40, v6("::1"))));
  ::close(six);
}

void checksums() {
  const int with = ::socket(AF_INET6, SOCK_RAW, IPPROTO_UDP), without = ::socket(AF_INET6, SOCK_RAW, IPPROTO_UDP),
            icmp = ::socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  const auto checksum = [](int fd, int level = IPPROTO_IPV6) {
    int value = -77;
    socklen_t size = sizeof value;
    ::getsockopt(fd, level, IPV6_CHECKSUM, &value, &size);
    return value;
  };
  say("at first: %d %d\n", checksum(with), checksum(icmp));
  for (const int offset : {3, 5, 4, -5, 1000, 6}) {
    say("set %d: %s", offset, outcome(set_int(with, IPPROTO_IPV6, IPV6_CHECKSUM, offset)));
    say(" %d\n", checksum(with));
  }
  say("ICMPv6: %s %s %d\n", outcome(set_int(icmp, IPPROTO_IPV6, IPV6_CHECKSUM, 2)),
      outcome(set_int(icmp, IPPROTO_RAW, IPV6_CHECKSUM, -1)), checksum(icmp));
  struct {
    udphdr header{};
    char text[4] = {'r', 'a', 'w', '6'};
  } made;
  made.header.len = htons(sizeof made);
  made.header.dest = htons(9);
  send_to(without, &made, sizeof made, v6("::1"));
  hear("no checksum, wanted", with);
  hear("no checksum, not wanted", without, 4);
  say("with one: %zd\n", send_to(with, &made, sizeof made, v6("::1")));
  hear("wanted", with, 4);
  hear("not wanted", without, 4);
  say("no room for it: %s", outcome(send_to(with, &made, 7, v6("::1"))));
  say(" just: %s\n", outcome(send_to(with, &made, 8, v6("::1"))));
  for (const int fd : {with, without, icmp}) ::close(fd);
}

void names() {
  const int four = ::socket(AF_INET, SOCK_RAW, IPPROTO_UDP), six = ::socket(AF_INET6, SOCK_RAW, IPPROTO_TCP);
  say("port is the protocol: %d %d\n", port_of(four), port_of(six));
  bind_to(four, v4("127.0.0.3", 9));
  connect_to(four, v4("127.0.0.1", 5));
  say("still: %d\n", port_of(four));
  say_names("connected", four);
  say("IPv6 to IPv4: connect %s", outcome(connect_to(six, v4("127.0.0.1"))));
  say(" send %s", outcome(send_to(six, "x", 1, v4("127.0.0.1"))));
  say(" bind %s", outcome(bind_to(six, v4("127.0.0.1"))));
  say(" mapped %s\n", outcome(bind_to(six, v6("::ffff:127.0.0.1"))));
  int value = 0;
  socklen_t size = sizeof value;
  say("IPv4's options: %s", outcome(::getsockopt(six, IPPROTO_IP, IP_TOS, &value, &size)));
  say(" %s\n", outcome(set_int(six, IPPROTO_IP, IP_TOS, 4)));
  say("ICMP_FILTER: %s", outcome(set_int(four, IPPROTO_RAW, 1, 4)));
  say(" %s", outcome(::getsockopt(four, IPPROTO_RAW, 1, &value, &size)));
  say(" other: %s\n", outcome(set_int(four, IPPROTO_RAW, 2, 4)));
  icmp6_filter filter{};
  say("ICMP6_FILTER: %s\n", outcome(::setsockopt(six, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter)));
  say("IPV6_HDRINCL: %s %s\n", outcome(set_int(six, IPPROTO_IPV6, IPV6_HDRINCL, 1)),
      outcome(send_to(six, "x", 1, v6("::1"))));
  ::close(four);
  ::close(six);
  // An echo request with a wrong checksum is heard, and not answered.
  const int icmp = ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  icmphdr request{};
  request.type = ICMP_ECHO;
  send_to(icmp, &request, sizeof request, v4("127.0.0.1"));
  hear("request", icmp, 20);
  hear("no answer", icmp, 20);
  ::close(icmp);
}

int run() {
  udp_is_heard();
  own_headers();
  checksums();
  names();
  return 0;
}

const Topic topic("raw_sockets", run);

}  // namespace
