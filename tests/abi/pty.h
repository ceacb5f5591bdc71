// What the topics about pseudo-terminals share.
//
// Linux moves characters from one side to the other in a work queue, and waits for that queue where a read finds nothing.
// So reading both sides without blocking until they have nothing (settle) sees everything that was on its way.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "topic.h"

namespace abi {

struct PtyPair {
  int master = -1;
  int slave = -1;
};

inline PtyPair open_pty() {
  PtyPair pair;
  pair.master = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  ::grantpt(pair.master);
  ::unlockpt(pair.master);
  pair.slave = ::open(::ptsname(pair.master), O_RDWR | O_NOCTTY | O_NONBLOCK);
  return pair;
}

inline void close_pty(const PtyPair& pair) {
  ::close(pair.slave);
  ::close(pair.master);
}

inline std::string escaped(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    char one[8];
    if (c == '\\' || c < 32 || c > 126) {
      std::snprintf(one, sizeof one, "\\%02x", c);
    } else {
      std::snprintf(one, sizeof one, "%c", c);
    }
    out += one;
  }
  return out;
}

// One read: its bytes in quotes, or why there are none.
inline std::string one_read(int fd, std::size_t most = 4096) {
  std::string text(most, '\0');
  const ssize_t count = ::read(fd, text.data(), most);
  if (count < 0) return outcome(count);
  text.resize(static_cast<std::size_t>(count));
  return "\"" + escaped(text) + "\"";
}

// Reads until nothing comes.
inline std::string all_reads(int fd, std::size_t most = 4096) {
  std::string all;
  for (int i = 0; i < 40; ++i) {
    const std::string one = one_read(fd, most);
    all += " " + one;
    if (one.front() != '"') break;
  }
  return all;
}

// What the master has, joined: how many reads it takes is Linux's affair.
inline std::string joined(int fd) {
  std::string all;
  char piece[512];
  ssize_t count;
  while ((count = ::read(fd, piece, sizeof piece)) > 0) all.append(piece, static_cast<std::size_t>(count));
  return "\"" + escaped(all) + "\"" + (count == 0 ? " end" : std::string(" ") + outcome(count));
}

inline void type(const PtyPair& pair, const std::string& text) {
  ::write(pair.master, text.data(), text.size());
}

inline int polled(int fd, short events = POLLIN | POLLOUT | POLLPRI) {
  pollfd entry{fd, events, 0};
  ::poll(&entry, 1, 0);
  return entry.revents;
}

}  // namespace abi
