// Unix sockets that only their own queues keep open: they go, and what is in their queues with them, however the cycle
// was made and however often; and long chains of sockets in each other's queues go, too.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

bool send_file(int socket, int file) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &file, sizeof file);
  return ::sendmsg(socket, &message, 0) == 1;
}

// Whether the writing end of the pipe goes: Linux collects a little later, and when a socket is closed.
bool goes(int reader) {
  for (int i = 0; i < 400; ++i) {
    int ends[2];
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    ::close(ends[0]);
    ::close(ends[1]);
    pollfd poll{reader, POLLIN, 0};
    if (::poll(&poll, 1, 10) == 1 && (poll.revents & POLLHUP)) return true;
  }
  return false;
}

// A pipe whose writing end lies in `socket`'s peer's queue alone.
int marked(int socket) {
  int pipe[2];
  ::pipe(pipe);
  send_file(socket, pipe[1]);
  ::close(pipe[1]);
  return pipe[0];
}

void cycles(int type, const char* what) {
  int a[2], b[2];
  ::socketpair(AF_UNIX, type, 0, a);
  int mark = marked(a[0]);
  send_file(a[0], a[1]);
  send_file(a[0], a[0]);
  ::close(a[0]);
  ::close(a[1]);
  say("%s: in its own queue: %d\n", what, goes(mark));
  ::close(mark);
  ::socketpair(AF_UNIX, type, 0, a);
  ::socketpair(AF_UNIX, type, 0, b);
  mark = marked(a[0]);
  send_file(a[0], b[1]);
  send_file(b[0], a[1]);
  ::close(a[0]);
  ::close(b[0]);
  ::close(b[1]);
  pollfd poll{mark, POLLIN, 0};
  say("%s: held by one: %d\n", what, ::poll(&poll, 1, 0));
  ::close(a[1]);
  say("%s: in each other's: %d\n", what, goes(mark));
  ::close(mark);
}

// The queue of a connection that nobody has accepted.
void listener() {
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0), client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0cycle", 6);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 6);
  ::bind(server, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(server, 1);
  ::connect(client, reinterpret_cast<sockaddr*>(&address), size);
  const int mark = marked(client);
  send_file(client, server);
  ::close(server);
  ::close(client);
  say("a listener: %d\n", goes(mark));
  ::close(mark);
}

void many() {
  bool all = true;
  for (int i = 0; i < 3000; ++i) {
    int a[2], b[2];
    all = all && ::socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 && ::socketpair(AF_UNIX, SOCK_DGRAM, 0, b) == 0;
    static char large[100000];
    all = all && ::send(a[0], large, sizeof large, MSG_DONTWAIT) == sizeof large;
    all = all && send_file(a[0], b[1]) && send_file(b[0], a[1]);
    for (const int fd : {a[0], a[1], b[0], b[1]}) ::close(fd);
  }
  say("many cycles: %d\n", all);
}

// Each socket of the chain lies in the queue of the next.
void chain() {
  int held[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, held);
  const int mark = marked(held[0]);
  ::close(held[0]);
  int last = held[1];
  bool all = true;
  for (int i = 0; i < 5000; ++i) {
    int next[2];
    all = all && ::socketpair(AF_UNIX, SOCK_STREAM, 0, next) == 0 && send_file(next[0], last);
    ::close(last);
    ::close(next[0]);
    last = next[1];
  }
  say("chain: %d\n", all);
  ::close(last);
  say("gone: %d\n", goes(mark));
}

int run() {
  cycles(SOCK_STREAM, "streams");
  cycles(SOCK_DGRAM, "datagrams");
  cycles(SOCK_SEQPACKET, "packets");
  listener();
  many();
  chain();
  return 0;
}

const Topic topic("unix_rights_cycles", run);

}  // namespace
