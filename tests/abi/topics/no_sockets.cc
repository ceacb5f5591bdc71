// What every kernel refuses of sockets: families and types that there are none of, and descriptors that are no sockets.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

namespace {

int run() {
  for (const int family : {-1, 46, 9999, 0}) say("family %d: %s\n", family, outcome(::socket(family, SOCK_STREAM, 0)));
  say("type 11: %s\n", outcome(::socket(AF_UNIX, 11, 0)));
  say("flags: %s\n", outcome(::socket(AF_UNIX, SOCK_STREAM | 0x100, 0)));
  say("flags of no family: %s\n", outcome(::socket(9999, SOCK_STREAM | 0x100, 0)));
  int pair[2];
  say("a pair of no family: %s\n", outcome(::socketpair(9999, SOCK_STREAM, 0, pair)));

  const int file = ::open("/dev/null", O_RDWR);
  int ends[2];
  ::pipe(ends);
  for (const int fd : {file, ends[0], -1, 500}) {
    char byte = 0;
    sockaddr address{};
    socklen_t size = sizeof address;
    msghdr message{};
    mmsghdr messages{};
    say("connect %s", outcome(::connect(fd, &address, size)));
    say(", bind %s", outcome(::bind(fd, &address, size)));
    say(", listen %s", outcome(::listen(fd, 1)));
    say(", accept %s", outcome(::accept(fd, &address, &size)));
    say(", accept4 %s", outcome(::accept4(fd, &address, &size, SOCK_CLOEXEC)));
    say(", its flags %s", outcome(::accept4(fd, &address, &size, 1)));
    say(", send %s", outcome(::send(fd, &byte, 1, 0)));
    say(", recv %s", outcome(::recv(fd, &byte, 1, 0)));
    say(", sendmsg %s", outcome(::sendmsg(fd, &message, 0)));
    say(", recvmsg %s", outcome(::recvmsg(fd, &message, 0)));
    say(", sendmmsg %s", outcome(::sendmmsg(fd, &messages, 1, 0)));
    say(", recvmmsg %s", outcome(::recvmmsg(fd, &messages, 1, 0, nullptr)));
    say(", shutdown %s", outcome(::shutdown(fd, SHUT_RD)));
    say(", getsockname %s", outcome(::getsockname(fd, &address, &size)));
    say(", getpeername %s", outcome(::getpeername(fd, &address, &size)));
    say(", setsockopt %s", outcome(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &size, sizeof size)));
    say(", getsockopt %s\n", outcome(::getsockopt(fd, SOL_SOCKET, SO_TYPE, &byte, &size)));
  }
  return 0;
}

const Topic topic("no_sockets", run);

}  // namespace
