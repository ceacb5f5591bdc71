// Two processes that the fuzzing ones can neither signal nor reach by memory, files or pipes: what happens to them is
// the kernel's doing.
#pragma once

#include <atomic>
#include <cstdint>

#include "tests/fuzz/syscalls/record.h"

namespace fuzz {

// Shared by the supervisor and the watchers only.
struct Board {
  std::atomic<std::uint64_t> neighbour_rounds, naps;
  std::atomic<std::uint64_t> longest_gap_ms, gaps;  // between a call and its return; gaps: those above the limit
  std::atomic<std::uint32_t> failed;
  char words[512];

  // Only the first failure is kept: others may come of it.
  void fail(const char* format, ...) __attribute__((format(printf, 2, 3)));
};

inline constexpr unsigned kNeighbourUser = 60'001, kWatchdogUser = 60'002, kFuzzUser = 54'321;

// Checks its own memory, registers, files, pipes, children and timers until it is killed.
[[noreturn]] void run_neighbour(Board& board, const char* directory, bool slow);
// A trivial call and a sleep of 10 ms: they may not take `limit_ms`.
[[noreturn]] void run_watchdog(Board& board, const Block* blocks, unsigned count, std::uint64_t limit_ms);

}  // namespace fuzz
