// A micro-benchmark of the payload, and how one is timed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tools/compare/payload/platform.h"

namespace husk::payload {

// The error number of what failed without one: a short write, a child that failed. Larger than any of a platform.
inline constexpr long kNoErrorNumber = -4096;
// The status of a child whose exec failed, as shells have it.
inline constexpr int kExecFailed = 127;

// What a step of the payload's work came to.
struct Outcome {
  long error = 0;              // negative: an error number of the platform
  const char* step = nullptr;  // what failed ("open")

  explicit operator bool() const { return error >= 0; }
};

inline Outcome checked(long result, const char* step) {
  return {result, step};
}

struct Measured {
  uint64_t iterations = 0;
  int64_t elapsed_ns = 0;
};

struct BenchContext {
  int64_t budget_ns = 0;
  size_t bytes = 0;                        // of the buffer that a benchmark of memory reads
  const char* const* arguments = nullptr;  // those of start()
};

struct Bench {
  const char* name;
  // What the value is: ns per iteration, or bytes per second with so many bytes per iteration.
  uint64_t bytes_per_iteration;
  Outcome (*run)(const BenchContext& context, Measured& measured);
};

Outcome bench_cpu(const BenchContext&, Measured&);
Outcome bench_memory(const BenchContext&, Measured&);
Outcome bench_syscall(const BenchContext&, Measured&);
Outcome bench_context_switch(const BenchContext&, Measured&);
Outcome bench_page_fault(const BenchContext&, Measured&);
Outcome bench_fork_exec(const BenchContext&, Measured&);
Outcome bench_file_write(const BenchContext&, Measured&);
Outcome bench_file_read(const BenchContext&, Measured&);
Outcome bench_file_metadata(const BenchContext&, Measured&);
Outcome bench_tcp(const BenchContext&, Measured&);
Outcome bench_tcp_stream(const BenchContext&, Measured&);
Outcome bench_unix(const BenchContext&, Measured&);
Outcome bench_unix_stream(const BenchContext&, Measured&);
Outcome bench_futex(const BenchContext&, Measured&);
Outcome bench_epoll(const BenchContext&, Measured&);
Outcome bench_clock(const BenchContext&, Measured&);

inline int64_t now_ns() {
  Moment moment = {};
  read_clock(moment);
  return moment.seconds * 1'000'000'000 + moment.nanoseconds;
}

// Times body(count), which does `count` iterations and sets the nanoseconds that they took, once with a count that
// makes it take about the budget. The way there: from one iteration on, so that a machine that emulates the kernel does
// not spend minutes, a count is at most ten times the one before, and grows until it takes an eighth of the budget.
template <typename Body>
Outcome calibrate(const BenchContext& context, Measured& measured, const Body& body) {
  constexpr uint64_t kMostGrowth = 10;
  constexpr int64_t kEnough = 8;
  for (uint64_t count = 1;;) {
    measured.iterations = count;
    measured.elapsed_ns = 0;
    if (const Outcome outcome = body(count, measured.elapsed_ns); !outcome) return outcome;
    const int64_t elapsed = measured.elapsed_ns > 0 ? measured.elapsed_ns : 1;
    // Long enough already, or as long as it can become within the budget.
    if (elapsed >= context.budget_ns / 2) return {};
    const double factor = static_cast<double>(context.budget_ns) / static_cast<double>(elapsed);
    const auto wanted = static_cast<uint64_t>(static_cast<double>(count) * factor);
    const bool is_last = elapsed >= context.budget_ns / kEnough;
    count = is_last || wanted < count * kMostGrowth ? wanted : count * kMostGrowth;
  }
}

// The same for a body that is timed as a whole: body(count).
template <typename Body>
Outcome calibrate_whole(const BenchContext& context, Measured& measured, const Body& body) {
  return calibrate(context, measured, [&](uint64_t count, int64_t& elapsed) {
    const int64_t begin = now_ns();
    const Outcome outcome = body(count);
    elapsed = now_ns() - begin;
    return outcome;
  });
}

}  // namespace husk::payload
