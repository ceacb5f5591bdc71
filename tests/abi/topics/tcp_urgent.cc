// Urgent data (tcp(7)): MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI.
#include <sys/ioctl.h>
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

int at_mark(int fd) {
  int mark = -1;
  ::ioctl(fd, SIOCATMARK, &mark);
  return mark;
}

int queued(int fd) {
  int count = -1;
  ::ioctl(fd, FIONREAD, &count);
  return count;
}

void receive(const char* what, int fd, std::size_t size, int flags = 0) {
  char buffer[32] = {};
  const ssize_t count = ::recv(fd, buffer, size, flags | MSG_DONTWAIT);
  say("%s: %s", what, outcome(count));
  say(" %zd '%s' mark %d queued %d\n", count, buffer, at_mark(fd), queued(fd));
}

void apart() {
  const auto [client, server] = connection();
  receive("nothing urgent", server, 1, MSG_OOB);
  say("send: %zd\n", ::send(client, "abcX", 4, MSG_OOB));
  await(server, POLLPRI);
  say_events("server", server);
  ::send(client, "def", 3, 0);
  receive("first", server, 2);
  receive("up to the mark", server, 16);
  say_events("server", server);
  receive("peeked", server, 1, MSG_OOB | MSG_PEEK);
  receive("urgent", server, 1, MSG_OOB);
  receive("urgent again", server, 1, MSG_OOB);
  say_events("server", server);
  receive("after it", server, 16);
  receive("nothing", server, 16);
  receive("urgent", server, 1, MSG_OOB);
  ::close(client);
  ::close(server);
}

void passed_over() {
  const auto [client, server] = connection();
  ::send(client, "1", 1, MSG_OOB);
  ::send(client, "x", 1, 0);
  say_events("server", server);
  receive("at the mark", server, 16);
  receive("urgent", server, 1, MSG_OOB);
  ::send(client, "A", 1, MSG_OOB);
  ::send(client, "B", 1, MSG_OOB);
  receive("the first one", server, 16);
  receive("urgent", server, 1, MSG_OOB);
  receive("rest", server, 16);
  ::send(client, "only", 4, MSG_OOB);
  receive("data", server, 16);
  say_events("at the end", server);
  receive("no data", server, 16);
  ::close(client);
  receive("at the end", server, 16);
  receive("urgent", server, 1, MSG_OOB);
  ::close(server);
}

void in_line() {
  const auto [client, server] = connection();
  set_int(server, SOL_SOCKET, SO_OOBINLINE, 1);
  ::send(client, "abX", 3, MSG_OOB);
  ::send(client, "cd", 2, 0);
  say_events("server", server);
  receive("urgent", server, 1, MSG_OOB);
  receive("up to the mark", server, 16);
  say_events("server", server);
  receive("from the mark", server, 16);
  say_events("server", server);
  ::close(client);
  ::close(server);
}

int run() {
  apart();
  passed_over();
  in_line();
  return 0;
}

const Topic topic("tcp_urgent", run);

}  // namespace
