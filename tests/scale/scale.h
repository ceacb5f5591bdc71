// The scale benchmark: how the time of an operation grows with how many there are already.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

namespace scale {

// Prepares in a process of its own, does something `count` times (or once, with `count` of something there), and
// returns how many nanoseconds that took.
struct Case {
  const char* name;
  unsigned count;  // the smaller one; the larger one is ten times that
  std::uint64_t (*run)(unsigned count);
};

struct Cases {
  const Case* first;
  std::size_t count;
};
extern const Cases kMemoryCases, kFileCases, kTaskCases, kEventCases;

inline std::uint64_t now_ns() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// From its making to elapsed().
class Stopwatch {
 public:
  std::uint64_t elapsed() const { return now_ns() - begin_; }

 private:
  std::uint64_t begin_ = now_ns();
};

// Says which call failed, at which turn, and ends the process: a time of something else is no time.
void check(bool ok, const char* what, unsigned turn);

}  // namespace scale
