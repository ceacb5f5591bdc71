// What the topics of epoll(7) share.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

namespace abi {

// epoll_ctl(2) with a number as the data.
inline int control(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t data = 0) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return ::epoll_ctl(epoll, operation, fd, &event);
}

}  // namespace abi
