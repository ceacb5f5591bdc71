// What becomes of datagrams that nobody takes: ECONNREFUSED, IP_RECVERR and MSG_ERRQUEUE; where they may not go.
#include <time.h>

#include <linux/errqueue.h>
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(fd, v4("127.0.0.1"));
  const int port = port_of(fd);
  ::close(fd);
  return port;
}

template <typename Address>
long send_to(int fd, const Address& address) {
  return ::sendto(fd, "data", 4, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void refused() {
  const int port = free_port();
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  say("unconnected: %s", outcome(send_to(fd, v4("127.0.0.1", port))));
  say(", error %d\n", error_of(fd));
  connect_to(fd, v4("127.0.0.1", port));
  say("send: %s\n", outcome(::send(fd, "x", 1, 0)));
  say_events("refused", fd);
  say("send: %s", outcome(::send(fd, "x", 1, 0)));
  say(", send: %s\n", outcome(::send(fd, "x", 1, 0)));
  char byte;
  say("recv: %s", outcome(::recv(fd, &byte, 1, MSG_DONTWAIT)));
  say(", recv: %s\n", outcome(::recv(fd, &byte, 1, MSG_DONTWAIT)));
  ::send(fd, "x", 1, 0);
  say("SO_ERROR %d, %d\n", error_of(fd), error_of(fd));
  ::close(fd);
}

void queue() {
  const int port = free_port();
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
  char data[16] = {};
  alignas(cmsghdr) char room[128];
  sockaddr_storage name{};
  iovec part{data, sizeof data};
  const auto receive = [&] {
    msghdr message{};
    message.msg_name = &name;
    message.msg_namelen = sizeof name;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    const ssize_t count = ::recvmsg(fd, &message, MSG_ERRQUEUE);
    say("error queue: %s", outcome(count));
    if (count < 0) return say("\n");
    say(" %zd %s, flags %#x, from %s", count, data, message.msg_flags, text_of(name, message.msg_namelen).c_str());
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
      const auto& error = *reinterpret_cast<sock_extended_err*>(CMSG_DATA(header));
      sockaddr_storage offender{};
      std::memcpy(&offender, SO_EE_OFFENDER(&error), 16);
      say("; %d %d (%zu): %u origin %d type %d code %d by %s", header->cmsg_level, header->cmsg_type, header->cmsg_len,
          error.ee_errno, error.ee_origin, error.ee_type, error.ee_code, text_of(offender, 16).c_str());
    }
    say("\n");
  };
  receive();
  say("send: %s\n", outcome(send_to(fd, v4("127.0.0.1", port))));
  say_events("with an error", fd);
  say("send: %s\n", outcome(send_to(fd, v4("127.0.0.1", port))));
  say_events("with an error", fd);
  receive();
  say_events("without", fd);
  receive();
  ::close(fd);
}

void not_allowed() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  say("outside: %s\n", outcome(send_to(fd, v4("192.0.2.1", 9))));
  say("connect outside: %s\n", outcome(connect_to(fd, v4("192.0.2.1", 9))));
  say("broadcast: %s\n", outcome(send_to(fd, v4("127.255.255.255", 9))));
  say("connect broadcast: %s\n", outcome(connect_to(fd, v4("127.255.255.255", 9))));
  set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
  say("allowed: %s\n", outcome(send_to(fd, v4("127.255.255.255", 9))));
  say("to all: %s\n", outcome(send_to(fd, v4("255.255.255.255", 9))));
  say("multicast: %s\n", outcome(send_to(fd, v4("224.0.0.5", 9))));
  say("port 0: %s\n", outcome(send_to(fd, v4("127.0.0.1", 0))));
  sockaddr_in address = v4("127.0.0.1", 9);
  address.sin_family = AF_UNIX;
  say("family: %s\n", outcome(send_to(fd, address)));
  address.sin_family = AF_UNSPEC;
  say("no family: %s\n", outcome(send_to(fd, address)));
  say("short: %s\n", outcome(::sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), 8)));
  say("no name: %s\n", outcome(::send(fd, "x", 1, 0)));
  const int receiver = ::socket(AF_INET, SOCK_DGRAM, 0), other = ::socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(receiver, v4("0.0.0.0"));
  send_to(fd, v4("127.255.255.255", port_of(receiver)));
  char data[8];
  say("heard: %s\n", outcome(::recv(receiver, data, 8, MSG_DONTWAIT)));
  say("bind broadcast: %s\n", outcome(bind_to(other, v4("127.255.255.255"))));
  for (const int end : {fd, receiver, other}) ::close(end);
}

int run() {
  refused();
  queue();
  not_allowed();
  return 0;
}

const Topic topic("udp_errors", run);

}  // namespace
