// Datagrams that are sent and received several at once (UDP_SEGMENT, UDP_GRO; udp(7)), time stamps that are asked for (SIOCGSTAMP),
// what is too large, and what /proc/net/snmp counts of all that.
#include <sys/time.h>

#include <linux/errqueue.h>
#include <linux/netlink.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif
constexpr unsigned long kStamp = 0x8906, kStampNs = 0x8907;

// What comes, until there is no more: sizes, and what UDP_GRO says.
void drain(const char* what, int fd) {
  say("%s:", what);
  std::vector<char> data(70000);
  for (int i = 0; i < 140; ++i) {
    char control[128];
    iovec part{data.data(), data.size()};
    msghdr message{};
    message.msg_iov = &part, message.msg_iovlen = 1;
    message.msg_control = control, message.msg_controllen = sizeof control;
    const ssize_t count = ::recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0) break;
    if (i < 12) say(" %zd%c", count, count > 0 ? data[0] : '-');
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
      int size;
      std::memcpy(&size, CMSG_DATA(at), sizeof size);
      say(" (level %d type %d size %zu: %d)", at->cmsg_level, at->cmsg_type, at->cmsg_len, size);
    }
    if (i == 63) say(" ... 64");
  }
  say("\n");
}

void segments(int family) {
  const int in = ::socket(family, SOCK_DGRAM, 0), out = ::socket(family, SOCK_DGRAM, 0);
  if (family == AF_INET) {
    bind_to(in, v4("127.0.0.1"));
    connect_to(out, v4("127.0.0.1", port_of(in)));
  } else {
    bind_to(in, v6("::1"));
    connect_to(out, v6("::1", port_of(in)));
  }
  std::vector<char> data(60000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>('a' + i / 100 % 26);
  const auto send = [&](std::size_t size) { say("%zu: %s\n", size, outcome(::send(out, data.data(), size, 0))); };
  for (const int size : {-1, 65536, 100})
    say("UDP_SEGMENT %d: %s\n", size, outcome(set_int(out, IPPROTO_UDP, UDP_SEGMENT, size)));
  for (const std::size_t size : {0, 50, 100, 101, 250, 300}) {
    send(size);
    drain("one by one", in);
  }
  if (family == AF_INET) {
    set_int(in, SOL_SOCKET, SO_RCVBUF, 1 << 20);
    send(6400);
    drain("the most", in);
  }
  say("UDP_GRO: %s\n", outcome(set_int(in, IPPROTO_UDP, UDP_GRO, 1)));
  for (const std::size_t size : {50, 100, 250, 300}) {
    send(size);
    drain("together", in);
  }
  set_int(out, IPPROTO_UDP, UDP_SEGMENT, 0);
  send(250);
  drain("without segments", in);
  // By a control message.
  char control[CMSG_SPACE(sizeof(std::uint16_t))] = {};
  iovec part{data.data(), 250};
  msghdr message{};
  message.msg_iov = &part, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_UDP, header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const std::uint16_t size = 90;
  std::memcpy(CMSG_DATA(header), &size, sizeof size);
  say("by a message: %zd\n", ::sendmsg(out, &message, 0));
  drain("by a message", in);
  ::close(in);
  ::close(out);
}

void stamps() {
  const int in = ::socket(AF_INET, SOCK_DGRAM, 0), out = ::socket(AF_INET, SOCK_DGRAM, 0),
            stream = ::socket(AF_INET, SOCK_STREAM, 0), local = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  bind_to(in, v4("127.0.0.1"));
  connect_to(out, v4("127.0.0.1", port_of(in)));
  char byte;
  timeval time{};
  const auto ask = [&](const char* what, int fd, unsigned long request = kStamp) {
    time = {};
    say("%s: %s", what, outcome(::ioctl(fd, request, &time)));
    say(" %d\n", time.tv_sec != 0);
    return time;
  };
  ask("nothing yet", in);
  ask("a stream", stream);
  ask("a Unix socket", local);
  ::send(out, "x", 1, 0);
  ::recv(in, &byte, 1, 0);
  const timeval first = ask("one", in);
  ask("in ns", in, kStampNs);
  say("the same: %d\n", ask("again", in).tv_usec == first.tv_usec);
  set_int(in, SOL_SOCKET, SO_TIMESTAMP, 1);
  ::send(out, "x", 1, 0);
  ::recv(in, &byte, 1, 0);
  say("not where it is told: %d\n", ask("with SO_TIMESTAMP", in).tv_usec == first.tv_usec);
  set_int(in, SOL_SOCKET, SO_TIMESTAMP, 0);
  ::send(out, "x", 1, 0);
  ::recv(in, &byte, 1, MSG_PEEK);
  say("another: %d\n", ask("peeked at", in).tv_usec != first.tv_usec);
  for (const int fd : {in, out, stream, local}) ::close(fd);
}

void too_large() {
  const std::vector<char> data(0x10000);
  for (const bool wants : {false, true}) {
    const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
    set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, wants);
    bind_to(fd, v6("::1"));
    const sockaddr_in6 to = v6("::1", port_of(fd));
    say("too large: %s\n",
        outcome(::sendto(fd, data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to)));
    char control[256], text[16];
    sockaddr_storage name{};
    iovec part{text, sizeof text};
    msghdr message{};
    message.msg_iov = &part, message.msg_iovlen = 1;
    message.msg_name = &name, message.msg_namelen = sizeof name;
    message.msg_control = control, message.msg_controllen = sizeof control;
    const ssize_t count = ::recvmsg(fd, &message, MSG_ERRQUEUE);
    say("told: %s", outcome(count));
    if (count >= 0) {
      const auto& error = *reinterpret_cast<sock_extended_err*>(CMSG_DATA(CMSG_FIRSTHDR(&message)));
      say(" %zd flags %x of %s: error %u origin %d type %d code %d info %u family %d", count, message.msg_flags,
          text_of(name, message.msg_namelen).c_str(), error.ee_errno, error.ee_origin, error.ee_type, error.ee_code,
          error.ee_info, SO_EE_OFFENDER(&error)->sa_family);
    }
    say(", SO_ERROR %d\n", error_of(fd));
    ::close(fd);
  }
  const int mixed = ::socket(AF_INET6, SOCK_DGRAM, 0);
  connect_to(mixed, v6("::ffff:127.0.0.1", 9));
  const sockaddr_in6 to = v6("::1", 9);
  say("from IPv4 to IPv6: %s\n",
      outcome(::sendto(mixed, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to)));
  ::close(mixed);
}

long counter(const std::string& contents, const std::string& kind, const std::string& name) {
  std::istringstream file(contents);
  std::string names, values;
  while (std::getline(file, names) && std::getline(file, values)) {
    std::istringstream name_words(names), value_words(values);
    std::string at, value;
    while (name_words >> at && value_words >> value) {
      if (at == kind + ":" && kind + ":" != value) break;
      if (names.rfind(kind + ":", 0) == 0 && at == name) return std::stol(value);
    }
  }
  return -1;
}

std::string snmp() {
  std::ifstream file("/proc/net/snmp");
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

void counters() {
  struct Counter {
    const char *kind, *name;
  };
  const Counter all[] = {{"Tcp", "ActiveOpens"}, {"Tcp", "PassiveOpens"}, {"Tcp", "AttemptFails"},
                         {"Tcp", "EstabResets"}, {"Tcp", "CurrEstab"},    {"Tcp", "OutRsts"},
                         {"Udp", "InDatagrams"}, {"Udp", "NoPorts"},      {"Udp", "OutDatagrams"}};
  long before[std::size(all)];
  const std::string first = snmp();
  for (std::size_t i = 0; i < std::size(all); ++i) before[i] = counter(first, all[i].kind, all[i].name);
  const auto changed = [&](const char* what) {
    say("%s:", what);
    const std::string contents = snmp();
    for (std::size_t i = 0; i < std::size(all); ++i) {
      const long now = counter(contents, all[i].kind, all[i].name);
      if (now != before[i]) say(" %s %+ld", all[i].name, now - before[i]);
      before[i] = now;
    }
    say("\n");
  };
  const int nobody = ::socket(AF_INET, SOCK_STREAM, 0), udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  say("connect: %s\n", outcome(connect_to(nobody, v4("127.0.0.1", 1))));
  changed("refused");
  Connection ends = connection();
  changed("connected");
  ::send(ends.client, "x", 1, 0);
  await(ends.server, POLLIN);
  ::close(ends.server);
  await(ends.client, POLLIN);
  ::close(ends.client);
  changed("reset");
  bind_to(udp, v4("127.0.0.1"));
  const sockaddr_in self = v4("127.0.0.1", port_of(udp)), other = v4("127.0.0.1", 1);
  ::sendto(udp, "x", 1, 0, reinterpret_cast<const sockaddr*>(&self), sizeof self);
  char byte;
  ::recv(udp, &byte, 1, 0);
  changed("to itself");
  ::sendto(udp, "x", 1, 0, reinterpret_cast<const sockaddr*>(&other), sizeof other);
  changed("to nobody");
  ::close(nobody);
  ::close(udp);
  const int events = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
  say("events of devices: %s\n", outcome(events));
  ::close(events);
}

int run() {
  segments(AF_INET);
  segments(AF_INET6);
  stamps();
  too_large();
  counters();
  return 0;
}

const Topic topic("udp_segments", run);

}  // namespace
