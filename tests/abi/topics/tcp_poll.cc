// What poll(2) says of TCP sockets: room for more, the low-water mark, SIOCOUTQ, who sleeps and is woken.
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <vector>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

void room() {
  const auto [client, server] = connection();
  std::vector<char> bytes(1 << 16, 'x');
  std::size_t sent = 0, received = 0;
  ssize_t count;
  while ((count = ::send(client, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0)
    sent += static_cast<std::size_t>(count);
  say("full: %s, more than 64 KiB: %d\n", outcome(count), sent > 65536);
  say_events("full", client);
  say_events("reader", server);
  while ((count = ::recv(server, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0 || received < sent) {
    if (count > 0) {
      received += static_cast<std::size_t>(count);
    } else {
      await(server, POLLIN);
    }
  }
  say("all of it: %d\n", received == sent);
  await(client, POLLOUT);
  say_events("empty", client);
  int queued = -1;
  ::ioctl(client, TIOCOUTQ, &queued);
  say("SIOCOUTQ %d\n", queued);
  ::close(client);
  ::close(server);
}

void low_water() {
  const auto [client, server] = connection();
  say("SO_RCVLOWAT: %s\n", outcome(set_int(server, SOL_SOCKET, SO_RCVLOWAT, 5)));
  ::send(client, "abc", 3, 0);
  say_events("three", server);
  char buffer[16];
  say("recv: %zd\n", ::recv(server, buffer, 16, MSG_DONTWAIT));
  ::send(client, "abcdefg", 7, 0);
  await(server, POLLIN);
  say_events("seven", server);
  say("recv of 2: %zd\n", ::recv(server, buffer, 2, 0));
  const pid_t child = in_child([&, server = server] {
    char room[16];
    // A reader waits for as much as the mark says.
    say("recv: %zd\n", ::recv(server, room, 4, 0));
    return 0;
  });
  say_end("reader", child);
  ::send(client, "z", 1, 0);
  const pid_t other = in_child([&, server = server] {
    char room[16];
    say("recv: %zd\n", ::recv(server, room, 16, 0));
    return 0;
  });
  await_asleep(other);
  ::send(client, "12345678", 8, 0);
  say_end("other reader", other);
  ::close(client);
  ::close(server);
}

void writer_sleeps() {
  const int listening = listener();
  const auto [client, server] = connection(listening);
  const pid_t child = in_child([&, client = client, server = server] {
    ::close(server);
    std::vector<char> bytes(8'000'000, 'x');
    say("written: %zd\n", ::send(client, bytes.data(), bytes.size(), 0));
    return 0;
  });
  await_asleep(child);
  ::close(client);
  std::vector<char> bytes(1 << 16);
  std::size_t total = 0;
  for (ssize_t count; (count = ::recv(server, bytes.data(), bytes.size(), 0)) > 0;)
    total += static_cast<std::size_t>(count);
  say("read: %zu\n", total);
  say_end("writer", child);
  ::close(server);
  const auto [writer, reader] = connection(listening);
  const pid_t broken = in_child([&, writer = writer, reader = reader] {
    ::close(reader);
    std::vector<char> many(8'000'000, 'x');
    const ssize_t count = ::send(writer, many.data(), many.size(), MSG_NOSIGNAL);
    say("cut short: %d\n", count > 0 && count < 8'000'000);
    say("then: %s\n", outcome(::send(writer, many.data(), 1, MSG_NOSIGNAL)));
    say("then: %s\n", outcome(::send(writer, many.data(), 1, MSG_NOSIGNAL)));
    return 0;
  });
  await_asleep(broken);
  ::close(reader);
  say_end("writer", broken);
  ::close(writer);
  ::close(listening);
}

void poller_sleeps() {
  const auto [client, server] = connection();
  const pid_t child = in_child([&, client = client, server = server] {
    ::close(client);
    pollfd poll{server, POLLIN, 0};
    say("poll: %d", ::poll(&poll, 1, -1));
    say(" %#x\n", static_cast<unsigned>(poll.revents));
    char byte;
    ::recv(server, &byte, 1, 0);
    pollfd end{server, POLLRDHUP, 0};
    say("poll: %d", ::poll(&end, 1, -1));
    say(" %#x\n", static_cast<unsigned>(end.revents));
    return 0;
  });
  await_asleep(child);
  ::send(client, "x", 1, 0);
  ::usleep(1000);
  await_asleep(child);
  ::close(client);
  say_end("poller", child);
  ::close(server);
}

int run() {
  room();
  low_water();
  writer_sleeps();
  poller_sleeps();
  return 0;
}

const Topic topic("tcp_poll", run);

}  // namespace
