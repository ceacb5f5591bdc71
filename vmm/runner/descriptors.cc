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

// A message of some bytes, with room for one descriptor, aligned as cmsg(3) wants it.
class Message {
 public:
  Message(void* bytes, std::size_t size) : data_{bytes, size} {
    header_.msg_iov = &data_;
    header_.msg_iovlen = 1;
    header_.msg_control = &control_;
    header_.msg_controllen = sizeof control_;
  }
  Message(const Message&) = delete;  // the header has addresses
  Message& operator=(const Message&) = delete;

  msghdr& header() { return header_; }
  cmsghdr& control() { return *CMSG_FIRSTHDR(&header_); }

 private:
  iovec data_;
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
  msghdr header_{};
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
  Message message(const_cast<void*>(bytes), size);
  message.control().cmsg_level = SOL_SOCKET;
  message.control().cmsg_type = SCM_RIGHTS;
  message.control().cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(&message.control()), &descriptor, sizeof descriptor);
  if (sendmsg(socket, &message.header(), MSG_NOSIGNAL) != static_cast<ssize_t>(size)) {
    throw Error::from_errno("hand over", "a descriptor");
  }
}

UniqueFd take_descriptor(int socket) {
  char byte;
  Message message(&byte, sizeof byte);
  if (recvmsg(socket, &message.header(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return {};
  if (message.header().msg_controllen == 0) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(&message.control()), sizeof descriptor);
  return UniqueFd(descriptor);
}

}  // namespace husk::runner
