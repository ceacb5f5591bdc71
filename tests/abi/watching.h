// What the topics of inotify(7) share: reading events, and saying them.
#pragma once

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "topic.h"

namespace abi {

inline std::string event_names(std::uint32_t mask) {
  static constexpr struct {
    std::uint32_t bit;
    const char* name;
  } kNames[] = {{IN_ACCESS, "ACCESS"},
                {IN_MODIFY, "MODIFY"},
                {IN_ATTRIB, "ATTRIB"},
                {IN_CLOSE_WRITE, "CLOSE_WRITE"},
                {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
                {IN_OPEN, "OPEN"},
                {IN_MOVED_FROM, "MOVED_FROM"},
                {IN_MOVED_TO, "MOVED_TO"},
                {IN_CREATE, "CREATE"},
                {IN_DELETE, "DELETE"},
                {IN_DELETE_SELF, "DELETE_SELF"},
                {IN_MOVE_SELF, "MOVE_SELF"},
                {IN_UNMOUNT, "UNMOUNT"},
                {IN_Q_OVERFLOW, "Q_OVERFLOW"},
                {IN_IGNORED, "IGNORED"},
                {IN_ISDIR, "ISDIR"}};
  std::string text;
  for (const auto& each : kNames) {
    if (!(mask & each.bit)) continue;
    if (!text.empty()) text += '|';
    text += each.name;
    mask &= ~each.bit;
  }
  if (mask != 0) text += "|and others";
  return text;
}

// Says all that is in the queue of a non-blocking instance; cookies by the order in which they appear.
inline void say_events(const char* what, int fd) {
  say("%s:", what);
  std::uint32_t last_cookie = 0;
  int cookies = 0;
  alignas(inotify_event) char buffer[4096];
  for (;;) {
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      say(" [%d %s", event.wd, event_names(event.mask).c_str());
      if (event.len != 0) say(" %s/%u", buffer + at + sizeof event, event.len);
      if (event.cookie != 0) {
        if (event.cookie != last_cookie) ++cookies;
        last_cookie = event.cookie;
        say(" cookie %d", cookies);
      }
      say("]");
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  say("\n");
}

}  // namespace abi
