// netlink(7): making, naming and asking sockets, what is refused, and how answers are received.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

#include "../netlink_helpers.h"

using namespace abi;

static sockaddr_nl named(unsigned port, unsigned groups = 0) {
  sockaddr_nl name{};
  name.nl_family = AF_NETLINK;
  name.nl_pid = port;
  name.nl_groups = groups;
  return name;
}

static long bind_to(int fd, const sockaddr_nl& name, socklen_t size = sizeof(sockaddr_nl)) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&name), size);
}

static void say_name(const char* what, int fd, bool peer = false) {
  sockaddr_nl name{};
  socklen_t size = sizeof name;
  auto* address = reinterpret_cast<sockaddr*>(&name);
  const int got = peer ? ::getpeername(fd, address, &size) : ::getsockname(fd, address, &size);
  const char* port = name.nl_pid == 0                                   ? "none"
                     : name.nl_pid == static_cast<unsigned>(::getpid()) ? "process"
                     : name.nl_pid >= 0x80000000u                       ? "another"
                                                                        : "given";
  say("%s: %s, %u bytes, family %d, port %s, groups %x\n", what, outcome(got), size, name.nl_family, port,
      name.nl_groups);
}

static void making() {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET}) {
    const int fd = ::socket(AF_NETLINK, type, 0);
    say("type %d %s\n", type, outcome(fd));
    if (fd >= 0) ::close(fd);
  }
  for (const int protocol : {-1, 1, 4, 31, 32, 100}) {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW, protocol);
    say("protocol %d %s\n", protocol, outcome(fd));
    if (fd >= 0) ::close(fd);
  }
  for (const int family : {AF_INET, AF_NETLINK}) {
    const int fd = ::socket(family, SOCK_DGRAM, 0);
    const int on = 1;
    say("told of senders: %s", outcome(::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on)));
    int value;
    socklen_t size = sizeof value;
    say(" %s\n", outcome(::getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &value, &size)));
    ::close(fd);
  }
  int pair[2];
  say("pair %s\n", outcome(::socketpair(AF_NETLINK, SOCK_RAW, 0, pair)));
}

static void naming() {
  const int first = netlink(NETLINK_ROUTE), second = netlink(NETLINK_ROUTE), third = netlink(NETLINK_ROUTE);
  say_name("new", first);
  say_name("new, peer", first, true);
  say("short %s", outcome(bind_to(first, named(0), 8)));
  sockaddr_nl other = named(0);
  other.nl_family = AF_INET;
  say(", family %s", outcome(bind_to(first, other)));
  say(", bind %s\n", outcome(bind_to(first, named(0, 0x11))));
  say_name("bound", first);
  say("again %s, with its port %s, another %s\n", outcome(bind_to(first, named(0))),
      outcome(bind_to(first, named(::getpid(), 2))), outcome(bind_to(first, named(12345))));
  say_name("groups", first);
  say("second %s\n", outcome(bind_to(second, named(0))));
  say_name("second", second);
  say("in use %s, given %s\n", outcome(bind_to(third, named(::getpid()))), outcome(bind_to(third, named(77777))));
  say_name("given", third);
  ::close(third);
  const int fourth = netlink(NETLINK_ROUTE);
  say("free again %s\n", outcome(bind_to(fourth, named(77777))));
  sockaddr_nl peer = named(0);
  say("connect %s", outcome(::connect(fourth, reinterpret_cast<sockaddr*>(&peer), sizeof peer)));
  peer.nl_family = AF_INET;
  say(", family %s", outcome(::connect(fourth, reinterpret_cast<sockaddr*>(&peer), sizeof peer)));
  peer.nl_family = AF_UNSPEC;
  say(", nobody %s, size %s\n", outcome(::connect(fourth, reinterpret_cast<sockaddr*>(&peer), sizeof peer)),
      outcome(::connect(fourth, reinterpret_cast<sockaddr*>(&peer), 1)));
  say("listen %s, accept %s, shutdown %s\n", outcome(::listen(fourth, 1)), outcome(::accept(fourth, nullptr, nullptr)),
      outcome(::shutdown(fourth, SHUT_RDWR)));
  ::close(first), ::close(second), ::close(fourth);
}

static void options() {
  const int fd = netlink(NETLINK_ROUTE);
  for (int option = 0; option <= 14; ++option) {
    say("option %d", option);
    for (const int value : {0, 1, 39, 40, -1}) {
      if (option == NETLINK_LISTEN_ALL_NSID && value != 0) continue;
      say(" %s", outcome(::setsockopt(fd, SOL_NETLINK, option, &value, sizeof value)));
    }
    int values[4] = {-1, -1, -1, -1};
    socklen_t size = sizeof values;
    const int got = ::getsockopt(fd, SOL_NETLINK, option, values, &size);
    say(", read %s", outcome(got));
    if (got == 0) say(" %u bytes %x %x", size, values[0], values[1]);
    size = 2;
    say(", short %s\n", outcome(::getsockopt(fd, SOL_NETLINK, option, values, &size)));
  }
  const int on = 1;
  say("short %s, other level %s\n", outcome(::setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &on, 1)),
      outcome(::setsockopt(fd, IPPROTO_TCP, 1, &on, sizeof on)));
  const int fresh = netlink(NETLINK_ROUTE);
  int value = -1;
  socklen_t size = sizeof value;
  const int got = ::getsockopt(fresh, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, &value, &size);
  say("no memberships %s %u bytes\n", outcome(got), size);
  ::close(fd), ::close(fresh);
}

static void requests() {
  const int fd = netlink(NETLINK_ROUTE);
  say("nothing %s, too short %s", outcome(::send(fd, "", 0, 0)), outcome(::send(fd, "abc", 3, 0)));
  say(", urgent %s\n", outcome(::send(fd, "abc", 3, MSG_OOB)));
  say_answer("no answer", fd, 0);
  say_request("no body", fd, RTM_GETLINK, NLM_F_ACK, Bytes(), 0);
  say_request("nothing to do", fd, NLMSG_NOOP, NLM_F_ACK, Bytes(), 0);
  ask(fd, RTM_GETLINK, NLM_F_ACK, Bytes(16));
  say_answer("no request", fd, 0);
  for (const int type : {int{RTM_GETMDB}, int{RTM_GETVLAN}, 124, 200, 15}) {
    say("type %d ", type);
    say_request("unknown", fd, type, NLM_F_ACK, Bytes(16), 0);
  }
  say_request("unknown dump", fd, RTM_GETLINKPROP, NLM_F_DUMP, Bytes(16), 0);
  // Two at once; the second one is cut.
  Bytes both;
  nlmsghdr header{};
  header.nlmsg_len = sizeof header + 1;
  header.nlmsg_type = RTM_GETLINK;
  header.nlmsg_flags = NLM_F_REQUEST;
  append(both, bytes_of(header));
  append(both, Bytes{0});
  header.nlmsg_len = 100;
  append(both, bytes_of(header));
  say("two %s\n", ::send(fd, both.data(), both.size(), 0) == static_cast<ssize_t>(both.size()) ? "sent" : "?");
  say_answer("the first", fd, 0);
  say_answer("the second", fd, 0);
  ::close(fd);
  const int capped = netlink(NETLINK_ROUTE, {NETLINK_CAP_ACK});
  say_request("capped", capped, RTM_GETLINK, 0, Bytes(16), 0);
  ::close(capped);
}

static void receiving() {
  const int fd = netlink(NETLINK_ROUTE, {NETLINK_PKTINFO});
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  pollfd wait{fd, POLLIN | POLLOUT, 0};
  ::poll(&wait, 1, 0);
  say("events %x", wait.revents);
  ask(fd, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, Bytes(8));
  ::poll(&wait, 1, 0);
  say(", with an answer %x\n", wait.revents);
  say("another dump %s\n", outcome(ask(fd, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, Bytes(8))));
  char few[20];
  say("peek %zd", ::recv(fd, few, sizeof few, MSG_PEEK));
  say(", whole size %zd", ::recv(fd, few, sizeof few, MSG_PEEK | MSG_TRUNC));
  say(", no room %zd\n", ::recv(fd, few, 0, MSG_PEEK | MSG_TRUNC));
  iovec part{few, sizeof few};
  alignas(cmsghdr) char control[200];
  sockaddr_nl from{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  say("cut %zd", ::recvmsg(fd, &message, 0));
  say(" flags %x, from %u bytes port %u groups %x\n", message.msg_flags, message.msg_namelen, from.nl_pid,
      from.nl_groups);
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
    const auto* data = reinterpret_cast<unsigned char*>(CMSG_DATA(each));
    say("control %d %d %s\n", each->cmsg_level, each->cmsg_type,
        hexadecimal(data, each->cmsg_len - CMSG_LEN(0)).c_str());
  }
  say_answer("the busy one, and the rest", fd, 8);
  say_answer("the rest", fd, 8);
  say("empty %s", outcome(::recv(fd, few, sizeof few, MSG_DONTWAIT)));
  say(", urgent %s\n", outcome(::recv(fd, few, sizeof few, MSG_OOB)));
  ::close(fd);
}

// Who may not change anything.
static void refused() {
  say_end("nobody", in_child([] {
            ::setuid(65534);
            const int fd = netlink(NETLINK_ROUTE);
            for (const int type : {RTM_NEWLINK, RTM_DELLINK, RTM_SETLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE,
                                   RTM_DELROUTE, RTM_NEWNEIGH, RTM_NEWRULE, RTM_NEWQDISC}) {
              say_request("change", fd, type, NLM_F_ACK, Bytes(20), 0);
            }
            say_request("addresses", fd, RTM_GETADDR, NLM_F_DUMP, Bytes{AF_INET, 0, 0, 0, 0, 0, 0, 0}, 8, {6});
            sockaddr_nl peer = named(77777);
            auto* address = reinterpret_cast<sockaddr*>(&peer);
            say("to a socket %s, connect %s", outcome(::sendto(fd, "abcd", 4, 0, address, sizeof peer)),
                outcome(::connect(fd, address, sizeof peer)));
            peer = named(0, 1);
            say(", to a group %s", outcome(::sendto(fd, "abcd", 4, 0, address, sizeof peer)));
            say(", join %s\n", outcome(bind_to(fd, named(0, 1))));
            return 0;
          }));
  const int fd = netlink(NETLINK_ROUTE), other = netlink(NETLINK_ROUTE);
  sockaddr_nl peer = named(77777);
  auto* address = reinterpret_cast<sockaddr*>(&peer);
  say("to nobody %s", outcome(::sendto(fd, "abcd", 4, 0, address, sizeof peer)));
  bind_to(other, peer);
  say(", to a socket %s\n", outcome(::sendto(fd, "abcd", 4, 0, address, sizeof peer)));
  char text[8] = "";
  say("received %zd %s\n", ::recv(other, text, sizeof text, MSG_DONTWAIT), text);
  ::close(fd), ::close(other);
}

static int run() {
  making();
  naming();
  options();
  requests();
  receiving();
  refused();
  return 0;
}

static const Topic topic("netlink_errors", run);
