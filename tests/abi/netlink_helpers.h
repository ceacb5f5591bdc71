// What the topics about netlink share: requests, and answers said message by message. Nothing is said that differs between two
// Linuxes' lo: counters, time stamps, settings of the host.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "topic.h"

namespace abi {

using Bytes = std::vector<unsigned char>;

template <typename T>
Bytes bytes_of(const T& value) {
  const auto* begin = reinterpret_cast<const unsigned char*>(&value);
  return Bytes(begin, begin + sizeof value);
}

inline void append(Bytes& to, const Bytes& what) {
  to.insert(to.end(), what.begin(), what.end());
  while (to.size() % 4 != 0) to.push_back(0);
}

inline Bytes attribute(int type, const Bytes& value) {
  Bytes result =
      bytes_of(rtattr{static_cast<unsigned short>(sizeof(rtattr) + value.size()), static_cast<unsigned short>(type)});
  append(result, value);
  return result;
}

inline Bytes attribute(int type, const char* text) {
  return attribute(type, Bytes(text, text + std::strlen(text) + 1));
}

inline int netlink(int protocol, std::initializer_list<int> options = {}) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  const int on = 1;
  for (const int option : options) ::setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);
  return fd;
}

inline long ask(int fd, int type, int flags, const Bytes& contents) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<unsigned>(sizeof header + contents.size());
  header.nlmsg_type = static_cast<unsigned short>(type);
  header.nlmsg_flags = static_cast<unsigned short>(flags);
  header.nlmsg_seq = 7;
  Bytes request = bytes_of(header);
  append(request, contents);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::sendto(fd, request.data(), header.nlmsg_len, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
}

inline std::string hexadecimal(const unsigned char* data, std::size_t size) {
  std::string text;
  char digits[3];
  for (std::size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", data[i]);
    text += digits;
  }
  return text;
}

// Attributes behind a fixed part of that size; of the types in `unsaid` only the length.
inline std::string attributes_text(const unsigned char* data, std::size_t size, std::initializer_list<int> unsaid) {
  std::string text;
  while (size >= sizeof(rtattr)) {
    rtattr header;
    std::memcpy(&header, data, sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > size) break;
    const std::size_t length = header.rta_len - sizeof header;
    bool said = true;
    for (const int type : unsaid) said = said && type != header.rta_type;
    text += " " + std::to_string(header.rta_type) + ":";
    text += said ? hexadecimal(data + sizeof header, length) : std::to_string(length);
    const std::size_t step = RTA_ALIGN(header.rta_len);
    if (step >= size) break;
    data += step;
    size -= step;
  }
  return text;
}

// Reads until the answer is complete. A datagram is said at once: each word would be a system call.
inline void say_answer(const char* what, int fd, std::size_t fixed, std::initializer_list<int> unsaid = {}) {
  say("%s:", what);
  for (bool complete = false; !complete;) {
    static unsigned char buffer[65536];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0) {
      say(" %s\n", outcome(got));
      return;
    }
    std::string text;
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(got);) {
      nlmsghdr header;
      std::memcpy(&header, buffer + at, sizeof header);
      const unsigned char* contents = buffer + at + sizeof header;
      const std::size_t size = header.nlmsg_len - sizeof header;
      char line[100];
      std::snprintf(line, sizeof line, "\n  %d flags %x length %u seq %u ", header.nlmsg_type, header.nlmsg_flags,
                    header.nlmsg_len, header.nlmsg_seq);
      text += line;
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        int error;
        std::memcpy(&error, contents, sizeof error);
        errno = -error;
        text += outcome(error == 0 ? 0 : -1);
        complete = true;
      } else {
        text += hexadecimal(contents, fixed);
        if (size > fixed) text += attributes_text(contents + fixed, size - fixed, unsaid);
        complete = complete || !(header.nlmsg_flags & NLM_F_MULTI);
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
    say(" datagram%s\n", text.c_str());
  }
}

inline void say_request(const char* what, int fd, int type, int flags, const Bytes& contents, std::size_t fixed,
                        std::initializer_list<int> unsaid = {}) {
  const long sent = ask(fd, type, NLM_F_REQUEST | flags, contents);
  if (sent < 0) {
    say("%s: %s\n", what, outcome(sent));
    return;
  }
  say_answer(what, fd, fixed, unsaid);
}

}  // namespace abi
