// Epolls that watch epolls. A loop of them would wake itself for ever, and a deep or wide net of them would make one event
// cost more than anybody wants to pay, so what epoll_ctl(2) adds is checked against both, with Linux's limits.
#pragma once

#include "lib/result.h"

namespace kernel::fs {

class Epoll;
class File;

// Epolls below each other, at most: with what wakes through them, the recursion in the kernel is bounded.
inline constexpr int kMostEpollNests = 4;

// Before `outer` watches `inner`: kLoop if it would be part of a loop or too deep.
Result<void> check_nesting(Epoll& outer, Epoll& inner);
// After `outer` began to watch `file`: kInval if an event would now go too many ways.
Result<void> check_paths(Epoll& outer, File& file);

}  // namespace kernel::fs
