// What a small file of /proc or /sys says, for topics that compare many of them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "topic.h"

namespace abi {

// In one line, or why it cannot be read.
inline std::string contents(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd < 0) return outcome(fd);
  char text[512] = {};
  const ssize_t count = ::read(fd, text, sizeof text - 1);
  if (count < 0) std::snprintf(text, sizeof text, "%s", outcome(count));
  ::close(fd);
  while (char* end = std::strchr(text, '\n')) *end = '|';
  return text;
}

}  // namespace abi
