// Open files through Unix sockets (unix(7), SCM_RIGHTS): what arrives, how much of it, and what becomes of the rest.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "../topic.h"

using namespace abi;

namespace {

long send_files(int socket, const std::vector<int>& files, const char* text, int flags = MSG_DONTWAIT) {
  std::vector<char> control(CMSG_SPACE(files.size() * sizeof(int)));
  iovec part{const_cast<char*>(text), std::strlen(text)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), files.data(), files.size() * sizeof(int));
  return ::sendmsg(socket, &message, flags);
}

std::vector<int> receive(const char* what, int socket, std::size_t control_size = 1024, int flags = MSG_DONTWAIT,
                         std::size_t size = 64) {
  char text[65] = {};
  std::vector<char> control(control_size);
  iovec part{text, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, flags);
  say("%s: %s", what, outcome(got));
  std::vector<int> files;
  if (got >= 0) {
    say(" '%s' flags %#x control %zu", text, static_cast<unsigned>(message.msg_flags), message.msg_controllen);
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      say(" type %d of %zu", header->cmsg_type, count);
      for (std::size_t i = 0; i < count; ++i) {
        int fd;
        std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
        files.push_back(fd);
      }
    }
  }
  say("\n");
  return files;
}

void close_all(const std::vector<int>& files) {
  for (const int fd : files) ::close(fd);
}

// Whether the pipe's writing end is open anywhere.
bool hung_up(int reader) {
  pollfd poll{reader, POLLIN, 0};
  ::poll(&poll, 1, 0);
  return poll.revents & POLLHUP;
}

void streams() {
  int ends[2], pipe[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  ::pipe(pipe);
  say("send: %s\n", outcome(send_files(ends[0], {pipe[1]}, "one")));
  ::close(pipe[1]);
  say("hung up: %d\n", hung_up(pipe[0]));
  std::vector<int> got = receive("one", ends[1]);
  say("CLOEXEC: %d\n", ::fcntl(got[0], F_GETFD));
  say("write: %zd\n", ::write(got[0], "x", 1));
  ::send(ends[0], "before", 6, 0);
  send_files(ends[0], got, "with");
  ::send(ends[0], "after", 5, 0);
  std::vector<int> peeked = receive("peek", ends[1], 1024, MSG_PEEK);
  close_all(peeked);
  close_all(receive("together", ends[1], 1024, MSG_CMSG_CLOEXEC));
  close_all(receive("rest", ends[1]));
  send_files(ends[0], got, "abc");
  close_all(receive("part of it", ends[1], 1024, 0, 1));
  close_all(receive("its rest", ends[1]));
  send_files(ends[0], got, "peeked");
  peeked = receive("peek", ends[1], 1024, MSG_PEEK);
  close_all(got);
  say("hung up: %d\n", hung_up(pipe[0]));
  close_all(peeked);
  say("hung up: %d\n", hung_up(pipe[0]));
  char text[64];
  say("read drops: %zd", ::read(ends[1], text, sizeof text));
  say(" hung up: %d\n", hung_up(pipe[0]));
  ::close(pipe[0]);
  ::pipe(pipe);
  say("no data: %ld\n", send_files(ends[0], {pipe[1]}, ""));
  close_all(receive("no data", ends[1]));
  send_files(ends[0], {pipe[1]}, "lost");
  ::close(pipe[1]);
  ::close(ends[1]);
  say("closed with it: %d\n", hung_up(pipe[0]));
  ::close(ends[0]);
  ::close(pipe[0]);
}

void packets() {
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  const std::vector<int> three{0, 1, 2};
  send_files(ends[0], three, "three");
  close_all(receive("all", ends[1]));
  send_files(ends[0], three, "three");
  close_all(receive("room for one", ends[1], CMSG_LEN(sizeof(int))));
  send_files(ends[0], three, "three");
  close_all(receive("room for two and a bit", ends[1], CMSG_LEN(2 * sizeof(int)) + 3));
  send_files(ends[0], three, "three");
  close_all(receive("a header", ends[1], CMSG_LEN(0)));
  send_files(ends[0], three, "three");
  close_all(receive("less", ends[1], 8));
  send_files(ends[0], three, "three");
  close_all(receive("none", ends[1], 0));
  send_files(ends[0], three, "");
  close_all(receive("no data", ends[1]));
  send_files(ends[0], three, "twice");
  close_all(receive("peek", ends[1], 1024, MSG_PEEK));
  close_all(receive("take", ends[1]));
  say("bad file: %s, of many: %s\n", outcome(send_files(ends[0], {-1}, "x")),
      outcome(send_files(ends[0], {0, 1, 999}, "x")));
  say("none: %s\n", outcome(send_files(ends[0], {}, "none")));
  receive("none", ends[1]);
  say("253: %s, 254: %s\n", outcome(send_files(ends[0], std::vector<int>(253, 1), "many")),
      outcome(send_files(ends[0], std::vector<int>(254, 1), "too many")));
  std::vector<int> many = receive("many", ends[1], 2048);
  close_all(many);
  send_files(ends[0], {::open("/", O_PATH | O_DIRECTORY)}, "path only");
  many = receive("path only", ends[1]);
  say("openat: %s\n", outcome(::openat(many[0], "proc", O_PATH)));
  rlimit limit;
  ::getrlimit(RLIMIT_NOFILE, &limit);
  int next = ::dup(0);
  ::close(next);
  const rlimit few{static_cast<rlim_t>(next + 1), limit.rlim_max};
  send_files(ends[0], three, "few");
  ::setrlimit(RLIMIT_NOFILE, &few);
  many = receive("few descriptors", ends[1]);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  close_all(many);
}

void headers() {
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
  auto* header = reinterpret_cast<cmsghdr*>(control);
  iovec part{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  const auto attempt = [&](const char* what, std::size_t length, int level, int type, std::size_t size) {
    header->cmsg_len = length;
    header->cmsg_level = level;
    header->cmsg_type = type;
    message.msg_controllen = size;
    say("%s: %s\n", what, outcome(::sendmsg(ends[0], &message, MSG_DONTWAIT)));
  };
  attempt("other level", CMSG_LEN(4), SOL_SOCKET + 1, 77, 24);
  attempt("other type", CMSG_LEN(4), SOL_SOCKET, 77, 24);
  attempt("too long", 64, SOL_SOCKET, SCM_RIGHTS, 24);
  attempt("too short", 8, SOL_SOCKET, SCM_RIGHTS, 24);
  attempt("no header", 16, SOL_SOCKET, SCM_RIGHTS, 8);
  attempt("odd bytes", CMSG_LEN(3), SOL_SOCKET, SCM_RIGHTS, 24);
  attempt("credentials of wrong size", CMSG_LEN(8), SOL_SOCKET, SCM_CREDENTIALS, 24);
  message.msg_control = reinterpret_cast<void*>(8);
  say("bad address: %s\n", outcome(::sendmsg(ends[0], &message, MSG_DONTWAIT)));
}

// Beyond RLIMIT_NOFILE files on their way, who has no privilege has to wait.
void limited() {
  say_end("unprivileged", in_child([] {
            const rlimit few{20, 20};
            ::setrlimit(RLIMIT_NOFILE, &few);
            ::setuid(4711);
            int ends[2];
            ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
            int sent = 0;
            while (sent < 100 && send_files(ends[0], {0, 1}, "x") == 1) ++sent;
            say("sent %d, then %s\n", sent, outcome(-1));
            close_all(receive("one", ends[1]));
            say("again: %s\n", outcome(send_files(ends[0], {0, 1}, "x")));
            return 0;
          }));
}

int run() {
  streams();
  packets();
  headers();
  limited();
  return 0;
}

const Topic topic("unix_rights", run);

}  // namespace
