// Looking without taking (MSG_PEEK, SO_PEEK_OFF), and the urgent byte of Unix streams (MSG_OOB).
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

int ends[2];

void open_pair(int type) {
  ::close(ends[0]);
  ::close(ends[1]);
  ::socketpair(AF_UNIX, type, 0, ends);
}

void put(const char* text, int flags = 0) {
  say("send '%s': %zd\n", text, ::send(ends[0], text, std::strlen(text), flags));
}

void take(int flags = 0, std::size_t size = 32) {
  char text[64] = {};
  iovec part{text, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = ::recvmsg(ends[1], &message, flags | MSG_DONTWAIT);
  say("  recv %#x %zu: %s", static_cast<unsigned>(flags), size, outcome(got));
  if (got >= 0) say(" %zd '%s' flags %#x", got, text, static_cast<unsigned>(message.msg_flags));
  say("\n");
}

void state() {
  int mark = -1;
  ::ioctl(ends[1], 0x8905, &mark);  // SIOCATMARK
  pollfd poll{ends[1], POLLIN | POLLPRI | POLLRDBAND, 0};
  ::poll(&poll, 1, 0);
  say("  mark %d events %#x\n", mark, static_cast<unsigned>(poll.revents));
}

// Not after an urgent byte that nobody read was left out: Linux 6.18 goes on counting it.
void count() {
  int bytes = -1;
  ::ioctl(ends[1], FIONREAD, &bytes);
  say("  count %d\n", bytes);
}

void peek_from(int offset) {
  say("SO_PEEK_OFF %d: %s\n", offset, outcome(::setsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset)));
}
void offset() {
  int now = -7;
  socklen_t size = sizeof now;
  ::getsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &now, &size);
  say("  offset %d\n", now);
}

void peeks() {
  open_pair(SOCK_STREAM);
  offset();
  put("abc");
  put("defgh");
  take(MSG_PEEK, 2);
  take(MSG_PEEK, 5);
  take(MSG_PEEK);
  take(MSG_PEEK | MSG_TRUNC, 1);
  peek_from(0);
  take(MSG_PEEK, 2);
  offset();
  take(MSG_PEEK, 2);
  take(0, 1);
  offset();
  take(MSG_PEEK);
  offset();
  take(MSG_PEEK);
  peek_from(2);
  take(0, 5);
  offset();
  take(MSG_PEEK);
  peek_from(-1);
  take();
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    open_pair(type);
    put("first");
    put("second");
    put("");
    peek_from(0);
    take(MSG_PEEK, 3);
    offset();
    take(MSG_PEEK);
    offset();
    take(MSG_PEEK, 4);
    take(MSG_PEEK);
    offset();
    take(MSG_PEEK);
    take(0);
    offset();
    take(MSG_PEEK);
    take(0);
    take(0);
  }
}

void urgent(bool in_line) {
  say("in line: %d\n", in_line);
  const auto fresh = [&] {
    open_pair(SOCK_STREAM);
    const int on = in_line;
    if (in_line) ::setsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
  };
  fresh();
  take(MSG_OOB, 1);
  put("hello", MSG_OOB);
  state();
  take(MSG_PEEK);
  take(MSG_OOB | MSG_PEEK, 1);
  take();
  state();
  take(MSG_OOB, 1);
  take(MSG_OOB, 1);
  state();
  take();
  fresh();
  put("hello", MSG_OOB);
  take(MSG_OOB, 1);
  state();
  put("world");
  state();
  take();
  take();
  fresh();
  put("hello", MSG_OOB);
  put("world");
  state();
  count();
  take();
  state();
  count();
  take();
  state();
  take(MSG_OOB, 1);
  fresh();
  put("ab", MSG_OOB);
  put("cd", MSG_OOB);
  state();
  take();
  state();
  take(MSG_OOB, 1);
  take();
  fresh();
  put("x", MSG_OOB);
  state();
  take(MSG_PEEK);
  take();
  state();
  put("y", MSG_OOB);
  put("z");
  take(MSG_PEEK);
  take(MSG_OOB, 1);
  take(MSG_PEEK);
  take();
  say("empty: %s\n", outcome(::send(ends[0], "", 0, MSG_OOB)));
}

int run() {
  ends[0] = ends[1] = -1;
  peeks();
  urgent(false);
  urgent(true);
  return 0;
}

const Topic topic("unix_peek_oob", run);

}  // namespace
