#include "vmm/runner/descriptors.h"

#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vmm/error.h"

namespace husk::runner {
namespace {

constexpr int kFirstOther = STDERR_FILENO + 1;

// Room for one descriptor, aligned as cmsg(3) wants it.
union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

void close_others_on_exec() {
  if (syscall(SYS_close_range, kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    throw Error::from_errno("close", "descriptors");
  }
}

SocketPair make_socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw Error::from_errno("make", "sockets");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void send_descriptor(int socket, int descriptor, const void* bytes, std::size_t size) {
  iovec data{const_cast<void*>(bytes), size};
  Control control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) {
    throw Error::from_errno("hand over", "a descriptor");
  }
}

UniqueFd take_descriptor(int socket) {
  char byte;
  iovec data{&byte, sizeof byte};
  Control control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  if (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0 || message.msg_controllen == 0) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
  return UniqueFd(descriptor);
}

}  // namespace husk::runner
