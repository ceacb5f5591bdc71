// Unix datagram sockets: names, messages whole or cut, connections, full queues, ends.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

sockaddr_un named(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return address;
}

const sockaddr* plain(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int bound(const char* path) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  const sockaddr_un address = named(path);
  say("bind %s: %s\n", path, outcome(::bind(fd, plain(address), sizeof address)));
  return fd;
}

const char* connect_to(int fd, const char* path) {
  const sockaddr_un address = named(path);
  return outcome(::connect(fd, plain(address), sizeof address));
}

const char* disconnect(int fd) {
  sockaddr none{};
  return outcome(::connect(fd, &none, sizeof none.sa_family));
}

void ready(const char* what, int fd) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND, 0};
  ::poll(&poll, 1, 0);
  say("%s: events %#x\n", what, static_cast<unsigned>(poll.revents));
}

void receive(const char* what, int fd, std::size_t size = 32, int flags = MSG_DONTWAIT) {
  char bytes[64] = {};
  iovec part{bytes, size};
  sockaddr_un from{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = ::recvmsg(fd, &message, flags);
  say("%s: %s", what, outcome(got));
  if (got >= 0) {
    say(" %zd '%s' flags %#x from %u", got, bytes, static_cast<unsigned>(message.msg_flags), message.msg_namelen);
    if (message.msg_namelen > 2) say(" '%s'", from.sun_path);
  }
  say("\n");
}

const char* send_to(int fd, const char* path, const char* text, int flags = MSG_DONTWAIT) {
  const sockaddr_un address = named(path);
  return outcome(::sendto(fd, text, std::strlen(text), flags, plain(address), sizeof address));
}

void messages() {
  const int a = bound("a"), b = bound("b"), nameless = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  ready("new", a);
  say("send unconnected: %s\n", outcome(::send(a, "x", 1, 0)));
  say("a to b: %s, %s, nothing: %s\n", send_to(a, "b", "first"), send_to(a, "b", "second"), send_to(a, "b", ""));
  say("nameless to b: %s\n", send_to(nameless, "b", "anonymous"));
  int count = -1;
  ::ioctl(b, FIONREAD, &count);
  say("FIONREAD %d\n", count);
  ready("messages", b);
  receive("peek", b, 32, MSG_PEEK);
  receive("cut", b, 2);
  receive("cut, whole size", b, 2, MSG_TRUNC);
  receive("empty", b);
  receive("nameless", b);
  receive("none", b);
  say("to nobody: %s\n", send_to(a, "nobody", "x"));
  say("MSG_OOB: %s %s\n", outcome(::send(a, "x", 1, MSG_OOB)), outcome(::recv(a, &count, 1, MSG_OOB)));
  say("connect: %s\n", connect_to(a, "b"));
  say("connected: %s\n", outcome(::send(a, "x", 1, 0)));
  say("b answers: %s\n", send_to(b, "a", "y"));
  say("b connects back: %s, nameless to b: %s\n", connect_to(b, "a"), send_to(nameless, "b", "x"));
  say("nameless connects: %s\n", connect_to(nameless, "b"));
  say("b disconnects: %s\n", disconnect(b));
  ready("disconnected", a);
  say("send: %s, again %s\n", outcome(::send(a, "x", 1, 0)), outcome(::send(a, "x", 1, 0)));
  receive("lost?", b);
  receive("b answered", a);
  say("connect: %s\n", connect_to(nameless, "b"));
  ::close(b);
  ready("peer gone", nameless);
  say("send: %s, again %s\n", outcome(::send(nameless, "x", 1, 0)), outcome(::send(nameless, "x", 1, 0)));
  say("stale: %s\n", send_to(nameless, "b", "x"));
  ::close(a);
  ::close(nameless);
}

void full() {
  const int receiver = bound("full"), sender = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  int sent = 0;
  while (::strcmp(send_to(sender, "full", "x"), "ok") == 0) ++sent;
  say("sent %d, then %s\n", sent, outcome(-1));
  say("connect: %s\n", connect_to(sender, "full"));
  ready("full", sender);
  receive("one", receiver);
  ready("room", sender);
  say("send: %s %s\n", outcome(::send(sender, "x", 1, MSG_DONTWAIT)), outcome(::send(sender, "x", 1, MSG_DONTWAIT)));
  const pid_t waiter = in_child([&] { return ::send(sender, "waited", 6, 0) == 6 ? 0 : 1; });
  await_asleep(waiter);
  receive("makes room", receiver);
  say_end("waiter", waiter);
  const pid_t poller = in_child([&] {
    pollfd poll{sender, POLLOUT, 0};
    return ::poll(&poll, 1, -1) == 1 ? poll.revents : 0;
  });
  await_asleep(poller);
  receive("makes room", receiver);
  say_end("poller", poller);
  timeval little{0, 1000};
  ::setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &little, sizeof little);
  say("send: %s\n", outcome(::send(sender, "x", 1, 0)));
  say("SO_SNDTIMEO: %s\n", outcome(::send(sender, "x", 1, 0)));
  ::setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof little);
  for (int i = 0; i < 11; ++i) ::recv(receiver, &little, 1, 0);
  say("SO_RCVTIMEO: %s\n", outcome(::recv(receiver, &little, 1, 0)));
  static char large[300000];
  int size = 0;
  socklen_t length = sizeof size;
  ::getsockopt(sender, SOL_SOCKET, SO_SNDBUF, &size, &length);
  say("SO_SNDBUF %d: %s", size, outcome(::send(sender, large, static_cast<std::size_t>(size) - 32, 0)));
  say(", too large: %s\n", outcome(::send(sender, large, static_cast<std::size_t>(size) - 31, 0)));
  say("large: %zd\n", ::recv(receiver, large, sizeof large, 0));
  int pair[2];
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  sent = 0;
  while (::send(pair[0], "x", 1, MSG_DONTWAIT) == 1) ++sent;
  int queued = 0;
  ::ioctl(pair[0], TIOCOUTQ, &queued);
  say("a pair takes %d, %d queued\n", sent, queued);
  ready("full", pair[0]);
  while (::recv(pair[1], large, 1, MSG_DONTWAIT) == 1) --sent;
  say("%d\n", sent);
  ::shutdown(pair[1], SHUT_RD);
  ready("shut", pair[1]);
  receive("shut", pair[1]);
  receive("shut", pair[1], 8, 0);
  say("to who takes no more: %s\n", outcome(::send(pair[0], "x", 1, 0)));
  ::shutdown(pair[0], SHUT_WR);
  ready("shut", pair[0]);
  say("send: %s\n", outcome(::send(pair[0], "x", 1, 0)));
  ::close(pair[0]);
  receive("peer gone", pair[1]);
  ::close(pair[1]);
  ::close(receiver);
  ::close(sender);
}

void itself() {
  const int fd = bound("itself");
  say("connect: %s, send: %s\n", connect_to(fd, "itself"), outcome(::send(fd, "me", 2, 0)));
  receive("itself", fd);
  say("disconnect: %s\n", disconnect(fd));
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  say("peer: %s\n", outcome(::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size)));
  say("listen: %s, accept: %s\n", outcome(::listen(fd, 1)), outcome(::accept(fd, nullptr, nullptr)));
  ::close(fd);
  mmsghdr many[3]{};
  int pair[2];
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  char text[3][4] = {"ab", "cd", "ef"};
  iovec parts[3];
  for (int i = 0; i < 3; ++i) {
    parts[i] = {text[i], 2};
    many[i].msg_hdr.msg_iov = &parts[i];
    many[i].msg_hdr.msg_iovlen = 1;
  }
  say("sendmmsg: %d\n", ::sendmmsg(pair[0], many, 3, 0));
  say("recvmmsg: %d\n", ::recvmmsg(pair[1], many, 3, MSG_WAITFORONE, nullptr));
  for (auto& one : many) say("%u ", one.msg_len);
  say("\nrecvmmsg: %s\n", outcome(::recvmmsg(pair[1], many, 3, MSG_DONTWAIT, nullptr)));
}

int run() {
  messages();
  full();
  itself();
  return 0;
}

const Topic topic("unix_datagram", run);

}  // namespace
