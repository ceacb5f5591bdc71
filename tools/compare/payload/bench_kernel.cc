// System calls, page faults and processes.
#include "tools/compare/payload/bench.h"

#include "tools/compare/payload/ping_pong.h"

namespace husk::payload {
namespace {

Outcome start_and_wait(const char* const* arguments) {
  const long child = fork_process();
  if (child < 0) return checked(child, "fork");
  if (child == 0) {
    execute_self(arguments);
    leave(kExecFailed);
  }
  const long status = wait_for(child);
  if (status < 0) return checked(status, "wait");
  if (status != 0) return {kNoErrorNumber, "exec"};
  return {};
}

}  // namespace

Outcome bench_syscall(const BenchContext& context, Measured& measured) {
  return calibrate_whole(context, measured, [](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) null_call();
    return Outcome{};
  });
}

// The first write to each page of fresh mappings of 1 MiB. Making and unmapping them is not in the time.
Outcome bench_page_fault(const BenchContext& context, Measured& measured) {
  return calibrate(context, measured, [](uint64_t count, int64_t& elapsed) {
    constexpr uint64_t kPagesAtOnce = 256;
    for (uint64_t done = 0; done < count;) {
      const uint64_t pages = count - done < kPagesAtOnce ? count - done : kPagesAtOnce;
      const size_t size = static_cast<size_t>(pages) * kPageSize;
      unsigned char* memory = nullptr;
      if (const Outcome mapped = checked(map_memory(size, memory), "mmap"); !mapped) return mapped;
      const int64_t begin = now_ns();
      for (size_t at = 0; at < size; at += kPageSize) *static_cast<volatile unsigned char*>(memory + at) = 1;
      elapsed += now_ns() - begin;
      if (const Outcome gone = checked(unmap_memory(memory, size), "munmap"); !gone) return gone;
      done += pages;
    }
    return Outcome{};
  });
}

// fork, exec of this program without arguments in the child, which exits at once, and the wait for it.
Outcome bench_fork_exec(const BenchContext& context, Measured& measured) {
  return calibrate_whole(context, measured, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      if (const Outcome outcome = start_and_wait(context.arguments); !outcome) return outcome;
    }
    return Outcome{};
  });
}

// Two pipes between two processes on one processor. A round trip is two switches.
Outcome bench_context_switch(const BenchContext& context, Measured& measured) {
  int there[2];
  int back[2];
  if (const Outcome made = checked(make_pipe(there), "pipe"); !made) return made;
  if (const Outcome made = checked(make_pipe(back), "pipe"); !made) return made;
  const Outcome outcome = ping_pong(context, measured, {back[0], there[1]}, {there[0], back[1]});
  constexpr uint64_t kSwitchesPerRound = 2;
  measured.iterations *= kSwitchesPerRound;
  return outcome;
}

}  // namespace husk::payload
