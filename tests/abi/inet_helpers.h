// What the topics about internet sockets share: ports that the kernel chooses, and none of them said.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "topic.h"

namespace abi {

inline sockaddr_in v4(const char* address, int port = 0) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<in_port_t>(port));
  ::inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}

inline sockaddr_in6 v6(const char* address, int port = 0) {
  sockaddr_in6 result{};
  result.sin6_family = AF_INET6;
  result.sin6_port = htons(static_cast<in_port_t>(port));
  ::inet_pton(AF_INET6, address, &result.sin6_addr);
  return result;
}

template <typename Address>
int bind_to(int fd, const Address& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

template <typename Address>
int connect_to(int fd, const Address& address) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

inline int port_of(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) < 0) return -1;
  return name.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6&>(name).sin6_port)
                                    : ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port);
}

// The address alone, and whether there is a port.
inline std::string text_of(const sockaddr_storage& name, socklen_t size) {
  char text[INET6_ADDRSTRLEN] = "?";
  int port = 0;
  if (size == 0) return "nobody";
  if (name.ss_family == AF_INET) {
    const auto& v4_name = reinterpret_cast<const sockaddr_in&>(name);
    ::inet_ntop(AF_INET, &v4_name.sin_addr, text, sizeof text);
    port = v4_name.sin_port;
  } else if (name.ss_family == AF_INET6) {
    const auto& v6_name = reinterpret_cast<const sockaddr_in6&>(name);
    ::inet_ntop(AF_INET6, &v6_name.sin6_addr, text, sizeof text);
    port = v6_name.sin6_port;
  }
  return std::string(text) + (port ? " with a port" : " without a port") + " (" + std::to_string(size) + ")";
}

inline void say_names(const char* what, int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  const int local = ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  say("%s: local %s", what, local < 0 ? outcome(local) : text_of(name, size).c_str());
  name = {};
  size = sizeof name;
  const int peer = ::getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size);
  say(", peer %s\n", peer < 0 ? outcome(peer) : text_of(name, size).c_str());
}

// What poll(2) says of a descriptor at once.
inline void say_events(const char* what, int fd, int wait_ms = 0) {
  pollfd poll{fd, POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP, 0};
  ::poll(&poll, 1, wait_ms);
  say("%s:", what);
  const struct {
    short event;
    const char* name;
  } names[] = {{POLLIN, "IN"},         {POLLPRI, "PRI"},       {POLLOUT, "OUT"},       {POLLERR, "ERR"},
               {POLLHUP, "HUP"},       {POLLRDNORM, "RDNORM"}, {POLLRDBAND, "RDBAND"}, {POLLWRNORM, "WRNORM"},
               {POLLWRBAND, "WRBAND"}, {POLLRDHUP, "RDHUP"}};
  for (const auto& [event, name] : names) {
    if (poll.revents & event) say(" %s", name);
  }
  say("\n");
}

// Until one of the events holds, or for 5 s.
inline void await(int fd, short events) {
  pollfd poll{fd, events, 0};
  ::poll(&poll, 1, 5000);
}

inline int error_of(int fd) {
  int error = -1;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

inline int set_int(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value);
}

inline int listener(const char* address = "127.0.0.1", int backlog = 16) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  bind_to(fd, v4(address));
  ::listen(fd, backlog);
  return fd;
}

// Two ends of a connection.
struct Connection {
  int client = -1;
  int server = -1;
};

inline Connection connection(int listening) {
  Connection ends;
  ends.client = ::socket(AF_INET, SOCK_STREAM, 0);
  connect_to(ends.client, v4("127.0.0.1", port_of(listening)));
  ends.server = ::accept(listening, nullptr, nullptr);
  return ends;
}

inline Connection connection() {
  const int listening = listener();
  const Connection ends = connection(listening);
  ::close(listening);
  return ends;
}

}  // namespace abi
