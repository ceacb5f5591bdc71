// /proc/net and /proc/sys/net (proc(5)): formats that programs parse, sockets in their tables, and what servers read of limits; and the
// same sockets as ss(8) asks for them (sock_diag(7)).
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "../inet_helpers.h"
#include "../netlink_helpers.h"

using namespace abi;

static std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return file ? text.str() : std::string(outcome(-1)) + "\n";
}

// Everything up to the user, and whether there is an inode: what follows is about timers.
static void say_sockets(const char* name) {
  std::istringstream lines(contents(std::string("/proc/net/") + name));
  std::string line;
  std::getline(lines, line);
  say("%s: %zu wide, %s\n", name, line.size(), line.c_str());
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string word[20];
    int count = 0;
    while (count < 20 && words >> word[count]) ++count;
    const bool has_inode = count > 9 && word[9] != "0";
    // Where lines are not filled up, they are as long as an inode's number makes them.
    const std::size_t width = std::strchr(name, '6') ? 0 : line.size();
    say("  %zu wide: %s %s %s %s %s uid %s inode %s, %d fields\n", width, word[1].c_str(), word[2].c_str(),
        word[3].c_str(), word[4].c_str(), word[5].c_str(), word[7].c_str(), has_inode ? "yes" : "no", count);
  }
}

static Bytes inet_request(int family, int protocol, unsigned states, int port = 0) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<unsigned char>(family);
  request.sdiag_protocol = static_cast<unsigned char>(protocol);
  request.idiag_states = states;
  request.id.idiag_sport = htons(static_cast<unsigned short>(port));
  request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = ~0u;
  return bytes_of(request);
}

static void say_inet(const char* what, const Bytes& request, int flags) {
  const int fd = netlink(NETLINK_SOCK_DIAG);
  ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | flags, request);
  say("%s:", what);
  for (bool complete = false; !complete;) {
    unsigned char buffer[32768];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0) break;
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(got);) {
      nlmsghdr header;
      std::memcpy(&header, buffer + at, sizeof header);
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        int error;
        std::memcpy(&error, buffer + at + sizeof header, sizeof error);
        errno = -error;
        say(" end %s", outcome(error == 0 ? 0 : -1));
        complete = true;
      } else {
        inet_diag_msg message;
        std::memcpy(&message, buffer + at + sizeof header, sizeof message);
        say(" [family %d state %d ports %d %d queues %u %u uid %u inode %s]", message.idiag_family, message.idiag_state,
            ntohs(message.id.idiag_sport), ntohs(message.id.idiag_dport), message.idiag_rqueue, message.idiag_wqueue,
            message.idiag_uid, message.idiag_inode ? "yes" : "no");
        complete = complete || !(header.nlmsg_flags & NLM_F_MULTI);
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
  say("\n");
  ::close(fd);
}

static void sockets() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  bind_to(listener, v4("127.0.0.1", 8080));
  ::listen(listener, 5);
  const int listener6 = ::socket(AF_INET6, SOCK_STREAM, 0);
  bind_to(listener6, v6("::1", 8081));
  ::listen(listener6, 7);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  bind_to(client, v4("127.0.0.1", 8082));
  connect_to(client, v4("127.0.0.1", 8080));
  const int server = ::accept(listener, nullptr, nullptr);
  ::send(client, "hello", 5, 0);
  const int waiting = ::socket(AF_INET, SOCK_STREAM, 0);
  bind_to(waiting, v4("127.0.0.1", 8083));
  connect_to(waiting, v4("127.0.0.1", 8080));
  const int datagram = ::socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(datagram, v4("127.0.0.1", 5353));
  const int datagram6 = ::socket(AF_INET6, SOCK_DGRAM, 0);
  bind_to(datagram6, v6("::", 5354));
  connect_to(datagram6, v6("::1", 9));
  for (const char* name : {"tcp6", "udp", "udp6", "raw", "raw6", "icmp", "icmp6"}) say_sockets(name);
  // Linux's order of connections is that of a hash.
  std::istringstream lines(contents("/proc/net/tcp"));
  std::string line;
  int rows = 0;
  bool listens = false, connected = false;
  while (std::getline(lines, line)) {
    ++rows;
    listens = listens ||
              line.find(" 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 ") == 5;
    connected = connected || line.find(" 0100007F:1F90 0100007F:1F92 01 00000000:00000005 ") == 5;
  }
  say("tcp: %d lines, listener %d, connection %d\n", rows, listens, connected);
  say_inet("listeners", inet_request(AF_INET, IPPROTO_TCP, 1 << 10), NLM_F_DUMP);
  say_inet("listeners of IPv6", inet_request(AF_INET6, IPPROTO_TCP, 1 << 10), NLM_F_DUMP);
  say_inet("of a port", inet_request(AF_INET, IPPROTO_TCP, ~0u, 8082), NLM_F_DUMP);
  say_inet("datagrams", inet_request(AF_INET, IPPROTO_UDP, ~0u), NLM_F_DUMP);
  say_inet("datagrams of IPv6", inet_request(AF_INET6, IPPROTO_UDP, ~0u), NLM_F_DUMP);
  say_inet("another protocol", inet_request(AF_INET, 99, ~0u), NLM_F_DUMP);
  say_inet("another family", inet_request(AF_PACKET + 25, 0, ~0u), NLM_F_DUMP);
  say_inet("no family", inet_request(200, 0, ~0u), NLM_F_DUMP);
  say_inet("too short", Bytes(4, AF_INET), NLM_F_DUMP);
  for (const int fd : {client, server, waiting, listener, listener6, datagram, datagram6}) ::close(fd);
}

static void unix_sockets() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, "s");
  ::bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name);
  ::listen(listener, 3);
  int pair[2];
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  ::send(pair[0], "abc", 3, 0);
  const int fd = netlink(NETLINK_SOCK_DIAG);
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0u;
  request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;
  ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, bytes_of(request));
  int listeners = 0, connected = 0, names = 0, peers = 0, filled = 0;
  for (bool complete = false; !complete;) {
    unsigned char buffer[32768];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0) break;
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(got);) {
      nlmsghdr header;
      std::memcpy(&header, buffer + at, sizeof header);
      complete = header.nlmsg_type != SOCK_DIAG_BY_FAMILY;
      if (!complete) {
        unix_diag_msg message;
        std::memcpy(&message, buffer + at + sizeof header, sizeof message);
        listeners += message.udiag_state == 10 && message.udiag_type == SOCK_STREAM;
        connected += message.udiag_state == 1 && message.udiag_type == SOCK_DGRAM;
        std::size_t place = at + sizeof header + sizeof message;
        while (place + sizeof(rtattr) <= at + header.nlmsg_len) {
          rtattr each;
          std::memcpy(&each, buffer + place, sizeof each);
          unsigned value = 0;
          std::memcpy(&value, buffer + place + sizeof each, sizeof value);
          names += each.rta_type == UNIX_DIAG_NAME && each.rta_len == sizeof each + 2;
          peers += each.rta_type == UNIX_DIAG_PEER && value != 0;
          filled += each.rta_type == UNIX_DIAG_RQLEN && value == 3;
          place += RTA_ALIGN(each.rta_len);
        }
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
  say("unix: listeners %d, connected %d, names %d, peers %d, with something to read %d\n", listeners, connected, names,
      peers, filled);
  for (const int each : {fd, listener, pair[0], pair[1]}) ::close(each);
}

static int run() {
  for (const char* name : {"route", "if_inet6", "ipv6_route", "arp", "dev_mcast", "packet", "sockstat6"}) {
    say("-- %s\n%s", name, contents(std::string("/proc/net/") + name).c_str());
  }
  std::istringstream devices(contents("/proc/net/dev"));
  std::string line;
  while (std::getline(devices, line)) {
    say("dev: %zu wide, %s\n", line.size(),
        line.substr(0, line.find(':') == std::string::npos ? line.size() : 7).c_str());
  }
  char target[100] = "";
  say("/proc/net -> %zd %s\n", ::readlink("/proc/net", target, sizeof target - 1), target);
  for (const char* name : {"core/somaxconn",
                           "ipv4/ip_local_port_range",
                           "ipv4/ip_unprivileged_port_start",
                           "ipv4/ping_group_range",
                           "ipv4/ip_default_ttl",
                           "ipv4/ip_nonlocal_bind",
                           "ipv4/ip_local_reserved_ports",
                           "ipv4/tcp_keepalive_time",
                           "ipv4/tcp_keepalive_intvl",
                           "ipv4/tcp_keepalive_probes",
                           "ipv4/tcp_fin_timeout",
                           "ipv4/tcp_syn_retries",
                           "ipv4/tcp_synack_retries",
                           "ipv4/tcp_tw_reuse",
                           "ipv4/tcp_syncookies",
                           "ipv4/tcp_timestamps",
                           "ipv4/tcp_sack",
                           "ipv4/tcp_window_scaling",
                           "ipv4/tcp_fastopen",
                           "ipv4/igmp_max_memberships",
                           "ipv6/bindv6only",
                           "ipv6/conf/all/disable_ipv6",
                           "ipv6/conf/lo/disable_ipv6",
                           "ipv6/conf/default/disable_ipv6",
                           "ipv6/conf/lo/mtu",
                           "ipv6/conf/all/hop_limit",
                           "unix/max_dgram_qlen"}) {
    say("%s = %s", name, contents(std::string("/proc/sys/net/") + name).c_str());
  }
  sockets();
  unix_sockets();
  return 0;
}

static const Topic topic("proc_net", run);
