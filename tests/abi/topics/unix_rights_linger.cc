// A connection that lingers (SO_LINGER) and lies in a message that nobody takes: whoever closes it last may wait for it, but
// nobody else does, and what others have sent is closed meanwhile.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <vector>

#include "../topic.h"

using namespace abi;

namespace {

bool is_readable_end(int fd) {
  char byte;
  return ::read(fd, &byte, 1) == 0;
}

void send_files(int socket, const std::vector<int>& files) {
  char byte = 'x';
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  *header = {CMSG_LEN(files.size() * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), files.data(), files.size() * sizeof(int));
  if (::sendmsg(socket, &message, 0) < 0) say("sendmsg: %s\n", outcome(-1));
}

// Its other end does not read, so the end of what it has sent never comes.
int lingering_connection() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), length);
  ::listen(listener, 1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(connection, reinterpret_cast<sockaddr*>(&address), length) != 0) say("connect: %s\n", outcome(-1));
  const int other = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  int ready[2];
  ::pipe(ready);
  in_child([&] {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(connection);
    ::close(ready[0]);
    ::close(ready[1]);
    for (;;) ::pause();
    return 0;
  });
  ::close(ready[1]);
  is_readable_end(ready[0]);  // until the child has closed the connection
  ::close(ready[0]);
  ::close(other);
  ::fcntl(connection, F_SETFL, O_NONBLOCK);
  static char bytes[65536];
  while (::write(connection, bytes, sizeof bytes) > 0) continue;
  const linger twenty_seconds = {1, 20};
  ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &twenty_seconds, sizeof twenty_seconds);
  return connection;
}

// Those who come later: one makes a Unix socket, one has sent a pipe's end to nobody.
void others(const char* what) {
  timespec before, after;
  ::clock_gettime(CLOCK_MONOTONIC, &before);
  ::close(::socket(AF_UNIX, SOCK_STREAM, 0));
  ::clock_gettime(CLOCK_MONOTONIC, &after);
  say("%s: a new socket comes %s", what, after.tv_sec - before.tv_sec < 10 ? "at once" : "late");
  int ends[2], sockets[2];
  ::pipe2(ends, O_NONBLOCK);
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
  send_files(sockets[0], {ends[1]});
  for (const int fd : {ends[1], sockets[0], sockets[1]}) ::close(fd);
  say(", a pipe's end is %s\n", is_readable_end(ends[0]) ? "closed" : "open");
  ::close(ends[0]);
}

void with(const char* what, bool garbage) {
  int sent[2];
  ::pipe(sent);
  const pid_t maker = in_child([&] {
    const int connection = lingering_connection();
    int sockets[2];
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
    if (garbage) send_files(sockets[0], {connection, connection, sockets[1], sockets[0]});
    if (!garbage) send_files(sockets[0], {connection});
    ::write(sent[1], "x", 1);
    for (const int fd : {connection, sockets[0], sockets[1]}) ::close(fd);
    for (;;) ::pause();
    return 0;
  });
  char byte;
  ::read(sent[0], &byte, 1);
  await_asleep(maker);
  others(what);
  ::kill(maker, SIGKILL);
  ::waitpid(maker, nullptr, 0);
  for (const int fd : sent) ::close(fd);
}

int run() {
  with("closed by its sender", false);
  with("garbage", true);
  return 0;
}

const Topic topic("unix_rights_linger", run);

}  // namespace
