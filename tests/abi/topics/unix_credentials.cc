// Who is at the other end of a Unix socket: SO_PEERCRED, SO_PEERGROUPS, SCM_CREDENTIALS, SO_PASSCRED.
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

pid_t self;

const char* who(pid_t pid) {
  if (pid == 0) return "nobody";
  if (pid == self) return "parent";
  return pid == ::getpid() ? "me" : "other";
}

void peer(const char* what, int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const int result = ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
  say("%s: %s %s %d %d size %u", what, outcome(result), who(credentials.pid), static_cast<int>(credentials.uid),
      static_cast<int>(credentials.gid), size);
  gid_t groups[8] = {};
  size = sizeof groups;
  say(" groups %s", outcome(::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size)));
  say(" size %u %u %u\n", size, groups[0], groups[1]);
}

long send_credentials(int fd, pid_t pid, uid_t uid, gid_t gid, const char* text = "x") {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))] = {};
  iovec part{const_cast<char*>(text), std::strlen(text)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_CREDENTIALS;
  header->cmsg_len = CMSG_LEN(sizeof(ucred));
  const ucred credentials{pid, uid, gid};
  std::memcpy(CMSG_DATA(header), &credentials, sizeof credentials);
  return ::sendmsg(fd, &message, MSG_DONTWAIT);
}

void receive(const char* what, int fd, std::size_t control_size = 128) {
  char text[64] = {};
  alignas(cmsghdr) char control[128] = {};
  iovec part{text, sizeof text - 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = control_size;
  const ssize_t got = ::recvmsg(fd, &message, MSG_DONTWAIT);
  say("%s: %s '%s' flags %#x control %zu", what, outcome(got), text, static_cast<unsigned>(message.msg_flags),
      message.msg_controllen);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); got >= 0 && header; header = CMSG_NXTHDR(&message, header)) {
    ucred credentials{};
    std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
    say(" type %d length %zu %s %d %d", header->cmsg_type, header->cmsg_len, who(credentials.pid),
        static_cast<int>(credentials.uid), static_cast<int>(credentials.gid));
  }
  say("\n");
}

void pass(int fd, int on) {
  say("SO_PASSCRED: %s", outcome(::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on)));
  int now = -1;
  socklen_t size = sizeof now;
  ::getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &now, &size);
  say(" %d\n", now);
}

void messages(int type) {
  int ends[2];
  ::socketpair(AF_UNIX, type, 0, ends);
  peer("pair", ends[0]);
  ::write(ends[0], "before", 6);
  pass(ends[1], 1);
  receive("sent before", ends[1]);
  ::write(ends[0], "after", 5);
  receive("sent after", ends[1]);
  ::write(ends[0], "little room", 11);
  receive("little room", ends[1], CMSG_LEN(4));
  ::write(ends[0], "none", 4);
  receive("no room", ends[1], 0);
  say("own: %s\n", outcome(send_credentials(ends[0], ::getpid(), ::getuid(), ::getgid())));
  receive("own", ends[1]);
  say("another user: %s\n", outcome(send_credentials(ends[0], ::getpid(), 77, 88)));
  receive("another user", ends[1]);
  say("no process: %s, no user: %s\n", outcome(send_credentials(ends[0], 999999, 0, 0)),
      outcome(send_credentials(ends[0], ::getpid(), static_cast<uid_t>(-1), 0)));
  pass(ends[1], 0);
  send_credentials(ends[0], ::getpid(), 77, 88, "nobody asks");
  receive("nobody asks", ends[1]);
  pass(ends[0], 1);
  ::write(ends[0], "the sender asks", 15);
  pass(ends[1], 1);
  receive("the sender asks", ends[1]);
  say_end("unprivileged", in_child([&] {
            ::setgid(1000);
            ::setuid(1000);
            say("own: %s", outcome(send_credentials(ends[0], ::getpid(), 1000, 1000, "child")));
            say(", parent's pid: %s", outcome(send_credentials(ends[0], self, 1000, 1000)));
            say(", root: %s", outcome(send_credentials(ends[0], ::getpid(), 0, 1000)));
            say(", its group: %s\n", outcome(send_credentials(ends[0], ::getpid(), 1000, 0)));
            ::write(ends[0], "plain", 5);
            return 0;
          }));
  ::write(ends[0], "parent", 6);
  for (int i = 0; i < 3; ++i) receive("apart", ends[1]);
  ::close(ends[0]);
  ::close(ends[1]);
}

void connections() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0), client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "credentials");
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
  peer("unconnected", listener);
  say_end("listen as", in_child([&] {
            ::setegid(5);
            ::seteuid(6);
            return ::listen(listener, 1);
          }));
  peer("listener", listener);
  const gid_t groups[2] = {100, 200};
  ::setgroups(2, groups);
  say("connect: %s\n", outcome(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address)));
  ::setgroups(0, nullptr);
  const int accepted = ::accept(listener, nullptr, nullptr);
  peer("client", client);
  peer("accepted", accepted);
  socklen_t size = 4;
  gid_t one;
  say("little room: %s", outcome(::getsockopt(accepted, SOL_SOCKET, SO_PEERGROUPS, &one, &size)));
  say(" size %u\n", size);
  ucred credentials{};
  size = 4;
  say("half: %s", outcome(::getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &credentials, &size)));
  say(" size %u\n", size);
  say("set: %s\n", outcome(::setsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &credentials, sizeof credentials)));
  char label[64];
  size = sizeof label;
  say("SO_PEERSEC: %s\n", outcome(::getsockopt(accepted, SOL_SOCKET, SO_PEERSEC, label, &size)));
}

// The peer and the sender as descriptors (since Linux 6.5).
void descriptors() {
  int ends[2], fd = -1;
  socklen_t size = sizeof fd;
  const int alone = ::socket(AF_UNIX, SOCK_STREAM, 0);
  say("SO_PEERPIDFD: %s", outcome(::getsockopt(alone, SOL_SOCKET, 77, &fd, &size)));
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  size = sizeof fd;
  say(" %s", outcome(::getsockopt(ends[0], SOL_SOCKET, 77, &fd, &size)));
  say(" CLOEXEC %d\n", ::fcntl(fd, F_GETFD));
  const int on = 1;
  say("SO_PASSPIDFD: %s\n", outcome(::setsockopt(ends[1], SOL_SOCKET, 76, &on, sizeof on)));
  ::write(ends[0], "x", 1);
  receive("SCM_PIDFD, no room", ends[1], 0);
  ::write(ends[0], "x", 1);
  char text[8];
  alignas(cmsghdr) char control[64] = {};
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ::recvmsg(ends[1], &message, 0);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  say("control %zu type %d length %zu\n", message.msg_controllen, header ? header->cmsg_type : -1,
      header ? header->cmsg_len : 0);
}

int run() {
  self = ::getpid();
  messages(SOCK_STREAM);
  messages(SOCK_DGRAM);
  messages(SOCK_SEQPACKET);
  connections();
  descriptors();
  return 0;
}

const Topic topic("unix_credentials", run);

}  // namespace
