// Unix sockets of sequenced packets: connections that keep the messages apart.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

void ready(const char* what, int fd) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND, 0};
  ::poll(&poll, 1, 0);
  say("%s: events %#x\n", what, static_cast<unsigned>(poll.revents));
}

void receive(const char* what, int fd, std::size_t size = 32, int flags = MSG_DONTWAIT) {
  char bytes[64] = {};
  iovec part{bytes, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = ::recvmsg(fd, &message, flags);
  say("%s: %s", what, outcome(got));
  if (got >= 0) say(" %zd '%s' flags %#x", got, bytes, static_cast<unsigned>(message.msg_flags));
  say("\n");
}

int run() {
  int ends[2];
  say("pair: %s\n", outcome(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)));
  ready("new", ends[0]);
  say("send: %zd, %zd, %zd\n", ::send(ends[0], "one", 3, MSG_EOR), ::write(ends[0], "second", 6),
      ::send(ends[0], "", 0, 0));
  ready("messages", ends[1]);
  receive("peek", ends[1], 32, MSG_PEEK);
  receive("one", ends[1]);
  receive("cut", ends[1], 2);
  receive("empty", ends[1]);
  receive("none", ends[1]);
  ::write(ends[0], "by read", 7);
  char bytes[4];
  say("read: %zd\n", ::read(ends[1], bytes, sizeof bytes));
  receive("rest?", ends[1]);
  ::write(ends[0], "last", 4);
  ::shutdown(ends[0], SHUT_WR);
  ready("no more sent", ends[0]);
  ready("no more comes", ends[1]);
  receive("last", ends[1]);
  receive("end", ends[1]);
  receive("end", ends[1], 8, 0);
  say("send after shutdown: %s\n", outcome(::send(ends[0], "x", 1, 0)));
  ::write(ends[1], "unread", 6);
  ::close(ends[0]);
  ready("peer gone", ends[1]);
  receive("peer gone", ends[1]);
  say("send: %s, again %s\n", outcome(::send(ends[1], "x", 1, 0)), outcome(::send(ends[1], "x", 1, 0)));
  ::close(ends[1]);
  ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  ::write(ends[0], "unread", 6);
  ::close(ends[1]);
  ready("reset", ends[0]);
  say("send: %s, again %s\n", outcome(::send(ends[0], "x", 1, 0)), outcome(::send(ends[0], "x", 1, 0)));
  receive("reset", ends[0]);
  ::close(ends[0]);

  const int listener = ::socket(AF_UNIX, SOCK_SEQPACKET, 0), client = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
  ready("unconnected", client);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "packets");
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  say("send: %s, to: %s, receive: %s\n", outcome(::send(client, "x", 1, 0)),
      outcome(::sendto(client, "x", 1, 0, plain, sizeof address)), outcome(::recv(client, bytes, 1, 0)));
  say("bind: %s, listen: %s\n", outcome(::bind(listener, plain, sizeof address)), outcome(::listen(listener, 4)));
  const int stream = ::socket(AF_UNIX, SOCK_STREAM, 0), datagram = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  say("stream connects: %s, datagram: %s\n", outcome(::connect(stream, plain, sizeof address)),
      outcome(::connect(datagram, plain, sizeof address)));
  say("connect: %s\n", outcome(::connect(client, plain, sizeof address)));
  const int accepted = ::accept(listener, nullptr, nullptr);
  say("accept: %s\n", outcome(accepted));
  say("to: %s\n", outcome(::sendto(client, "to", 2, 0, plain, sizeof address)));
  receive("to", accepted);
  ready("client", client);
  return 0;
}

const Topic topic("unix_seqpacket", run);

}  // namespace
