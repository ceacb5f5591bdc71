// UDP over loopback: names, datagrams and their ends, connected sockets, what recvmsg(2) says beside the data.
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

template <typename Address>
ssize_t send_to(int fd, const void* data, std::size_t size, const Address& address) {
  return ::sendto(fd, data, size, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int bound(const char* address = "127.0.0.1") {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(fd, v4(address));
  return fd;
}

void names() {
  const int a = ::socket(AF_INET, SOCK_DGRAM, 0), b = bound();
  say_names("fresh", a);
  say_names("bound", b);
  say_events("fresh", a);
  say("send: %zd\n", send_to(a, "one", 3, v4("127.0.0.1", port_of(b))));
  say_names("after sending", a);
  char buffer[16] = {};
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  say("receive: %zd", ::recvfrom(b, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&name), &size));
  say(" %s from %s, its port %d\n", buffer, text_of(name, size).c_str(),
      ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port) == port_of(a));
  say("connect: %s\n", outcome(connect_to(a, v4("127.0.0.1", port_of(b)))));
  say_names("connected", a);
  say("send: %zd, and write: %zd\n", ::send(a, "two", 3, 0), ::write(a, "three", 5));
  say_events("with two", b);
  int count = 0;
  ::ioctl(b, FIONREAD, &count);
  say("FIONREAD: %d\n", count);
  say("read: %zd\n", ::read(b, buffer, sizeof buffer));
  say("cut: %zd\n", ::recv(b, buffer, 2, 0));
  say("nothing: %s\n", outcome(::recv(b, buffer, 2, MSG_DONTWAIT)));
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  say("disconnect: %s\n", outcome(::connect(a, &nobody, sizeof nobody)));
  say_names("disconnected", a);
  say("send to nobody: %s\n", outcome(::send(a, "x", 1, 0)));
  ::close(a);
  ::close(b);
}

void sizes() {
  const int a = ::socket(AF_INET, SOCK_DGRAM, 0), b = bound();
  connect_to(a, v4("127.0.0.1", port_of(b)));
  std::vector<char> large(70000, 'x'), room(70000);
  for (const std::size_t size : {0, 1, 1472, 65507, 65508, 65535, 65536, 70000}) {
    say("%zu: %s", size, outcome(::send(a, large.data(), size, 0)));
    say(", received %zd\n", ::recv(b, room.data(), room.size(), MSG_DONTWAIT));
  }
  ::send(a, large.data(), 100, 0);
  say("MSG_TRUNC: %zd\n", ::recv(b, room.data(), 10, MSG_TRUNC | MSG_PEEK));
  msghdr message{};
  iovec part{room.data(), 10};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  say("recvmsg: %zd, flags %#x\n", ::recvmsg(b, &message, 0), message.msg_flags);
  say("MSG_OOB: %s\n", outcome(::send(a, "x", 1, MSG_OOB)));
  say("more:"), say(" %zd", ::send(a, "ab", 2, MSG_MORE)), say(" %zd\n", ::send(a, "cd", 2, 0));
  say("as one: %zd\n", ::recv(b, room.data(), 10, MSG_DONTWAIT));
  say("listen: %s, accept: %s\n", outcome(::listen(a, 1)), outcome(::accept(a, nullptr, nullptr)));
  ::close(a);
  ::close(b);
}

// Only whom it is connected to is heard.
void connected_only() {
  const int a = bound(), b = bound(), c = bound();
  connect_to(a, v4("127.0.0.1", port_of(b)));
  send_to(c, "no", 2, v4("127.0.0.1", port_of(a)));
  send_to(b, "yes", 3, v4("127.0.0.1", port_of(a)));
  char buffer[16] = {};
  say("heard: %zd %s\n", ::recv(a, buffer, sizeof buffer, MSG_DONTWAIT), buffer);
  say("heard: %s\n", outcome(::recv(a, buffer, sizeof buffer, MSG_DONTWAIT)));
  say("to another one: %zd\n", send_to(a, "hi", 2, v4("127.0.0.1", port_of(c))));
  say("c: %zd\n", ::recv(c, buffer, sizeof buffer, MSG_DONTWAIT));
  ::close(a);
  ::close(b);
  ::close(c);
}

void control() {
  const int a = ::socket(AF_INET, SOCK_DGRAM, 0), b = bound("0.0.0.0");
  for (const int name : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR}) set_int(b, IPPROTO_IP, name, 1);
  set_int(a, IPPROTO_IP, IP_TTL, 33);
  set_int(a, IPPROTO_IP, IP_TOS, 0x10);
  say("send: %zd\n", send_to(a, "data", 4, v4("127.0.0.9", port_of(b))));
  char data[16];
  alignas(cmsghdr) char room[256];
  iovec part{data, sizeof data};
  msghdr message{};
  sockaddr_storage name{};
  message.msg_name = &name;
  message.msg_namelen = sizeof name;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  say("recvmsg: %zd from %s, control %zu\n", ::recvmsg(b, &message, 0), text_of(name, message.msg_namelen).c_str(),
      message.msg_controllen);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    say("level %d type %d size %zu:", header->cmsg_level, header->cmsg_type, header->cmsg_len);
    const unsigned char* bytes = CMSG_DATA(header);
    for (std::size_t i = 0; i < header->cmsg_len - sizeof *header; ++i) {
      const bool is_port = header->cmsg_type == IP_ORIGDSTADDR && (i == 2 || i == 3);
      say(" %02x", is_port ? 0 : bytes[i]);
    }
    say("\n");
  }
  ::close(a);
  ::close(b);
}

void drops() {
  const int a = ::socket(AF_INET, SOCK_DGRAM, 0), b = bound();
  set_int(b, SOL_SOCKET, SO_RCVBUF, 5000);
  connect_to(a, v4("127.0.0.1", port_of(b)));
  std::vector<char> bytes(1000, 'x');
  int sent = 0, received = 0;
  for (int i = 0; i < 50; ++i) sent += ::send(a, bytes.data(), bytes.size(), 0) == 1000;
  while (::recv(b, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) ++received;
  say("sent %d, dropped some: %d, got some: %d\n", sent, received<50, received> 0);
  ::close(a);
  ::close(b);
}

void shutdowns() {
  const int a = bound();
  say("shutdown: %s\n", outcome(::shutdown(a, SHUT_RDWR)));
  const int b = bound(), c = bound();
  connect_to(b, v4("127.0.0.1", port_of(c)));
  say("shutdown: %s\n", outcome(::shutdown(b, SHUT_WR)));
  say("send: %s\n", outcome(::send(b, "x", 1, 0)));
  say_events("b", b);
  say("shutdown: %s\n", outcome(::shutdown(b, SHUT_RD)));
  char byte;
  say("recv: %zd\n", ::recv(b, &byte, 1, 0));
  say("recv at once: %s\n", outcome(::recv(b, &byte, 1, MSG_DONTWAIT)));
  say_events("b", b);
  for (const int fd : {a, b, c}) ::close(fd);
}

int run() {
  names();
  sizes();
  connected_only();
  control();
  drops();
  shutdowns();
  return 0;
}

const Topic topic("udp_basic", run);

}  // namespace
