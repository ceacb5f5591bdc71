#include <time.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "tests/fuzz/syscalls/watchers.h"

namespace fuzz {
namespace {

std::uint64_t now_ms() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

std::uint64_t calls_made(const Block* blocks, unsigned count) {
  std::uint64_t sum = 0;
  for (unsigned index = 0; index < count; ++index) sum += blocks[index].calls;
  return sum;
}

}  // namespace

void Board::fail(const char* format, ...) {
  if (failed.exchange(1) != 0) return;
  std::va_list values;
  va_start(values, format);
  std::vsnprintf(words, sizeof words, format, values);
  va_end(values);
}

void run_watchdog(Board& board, const Block* blocks, unsigned count, std::uint64_t limit_ms) {
  for (;;) {
    const std::uint64_t begin = now_ms(), calls = calls_made(blocks, count);
    const timespec nap{0, 10'000'000};
    ::nanosleep(&nap, nullptr);
    ::getppid();
    const std::uint64_t gap = now_ms() - begin;
    if (gap > board.longest_gap_ms) board.longest_gap_ms = gap;
    if (gap > limit_ms) {
      std::printf("slow: a sleep of 10 ms took %lu ms; the others made %lu calls\n", static_cast<unsigned long>(gap),
                  static_cast<unsigned long>(calls_made(blocks, count) - calls));
      std::fflush(stdout);
      board.gaps = board.gaps + 1;
    }
    board.naps = board.naps + 1;
  }
}

}  // namespace fuzz
