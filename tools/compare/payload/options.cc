// The payload's options that do work:
//
//   --touch BYTES     writes one byte in every page of so much fresh memory
//   --syscalls N      makes so many null system calls
//   --write BYTES     creates a file in /tmp, writes so many bytes to it, 64 KiB a call, closes it, removes it
//   --bench NAME [--bench-ms MS] [--bench-bytes BYTES]
//                     one micro-benchmark of about so many milliseconds, over a buffer of so many bytes if it has one;
//                     prints "NAME VALUE UNIT", or "NAME unsupported CALL: ERROR" and status 3 where a call says that
//                     there is no such thing here
//   --bench list      prints the names
//
// Status 1 and one line on standard error when something fails, 2 for wrong usage.
#include "tools/compare/payload/options.h"

#include "tools/compare/payload/bench.h"
#include "tools/compare/payload/scratch_file.h"
#include "tools/compare/payload/text.h"

namespace husk::payload {
namespace {

constexpr uint64_t kDefaultBenchMs = 50;
constexpr uint64_t kMostBenchMs = 10'000;
constexpr uint64_t kDefaultBenchBytes = 1 << 20;
constexpr uint64_t kMemoryLineBytes = 64;

constexpr Bench kBenches[] = {
    {"cpu", 0, bench_cpu},
    {"memory", kMemoryLineBytes, bench_memory},
    {"syscall", 0, bench_syscall},
    {"context_switch", 0, bench_context_switch},
    {"page_fault", 0, bench_page_fault},
    {"fork_exec", 0, bench_fork_exec},
    {"file_write", kFileChunk, bench_file_write},
    {"file_read", kFileChunk, bench_file_read},
    {"file_metadata", 0, bench_file_metadata},
    {"clock", 0, bench_clock},
    {"futex", 0, bench_futex},
    {"epoll", 0, bench_epoll},
    {"unix", 0, bench_unix},
    {"unix_stream", kFileChunk, bench_unix_stream},
    {"tcp", 0, bench_tcp},
    {"tcp_stream", kFileChunk, bench_tcp_stream},
};

int usage() {
  Line line;
  line << "payload: usage: [--stamp | --idle | --touch BYTES | --syscalls N | --write BYTES | --bench NAME|list "
          "[--bench-ms MS] [--bench-bytes BYTES]]";
  line.send(kStandardError);
  return kUsage;
}

int finish(const char* what, const Outcome& outcome) {
  if (outcome) return 0;
  Line line;
  line << "payload: " << what << ": " << outcome.step << ": ";
  line.error(outcome.error).send(kStandardError);
  return kFailed;
}

Outcome touch(uint64_t size) {
  unsigned char* memory = nullptr;
  if (size == 0) return {};
  if (size > SIZE_MAX) return {kNoErrorNumber, "mmap of more than there are addresses"};
  if (const Outcome mapped = checked(map_memory(static_cast<size_t>(size), memory), "mmap"); !mapped) return mapped;
  for (uint64_t at = 0; at < size; at += kPageSize) static_cast<volatile unsigned char*>(memory)[at] = 1;
  return {};
}

Outcome make_system_calls(uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) null_call();
  return {};
}

int report(const Bench& bench, const Outcome& outcome, const Measured& measured) {
  Line line;
  line << bench.name;
  if (!outcome && is_unsupported(outcome.error)) {
    line << " unsupported " << outcome.step << ": ";
    line.error(outcome.error).send(kStandardOutput);
    return kUnsupported;
  }
  if (!outcome) return finish(bench.name, outcome);
  const auto count = static_cast<double>(measured.iterations);
  const auto elapsed_ns = static_cast<double>(measured.elapsed_ns);
  constexpr double kNanosecondsPerSecond = 1e9;
  if (bench.bytes_per_iteration == 0) {
    line << " " << elapsed_ns / count << " ns";
  } else {
    line << " " << count * static_cast<double>(bench.bytes_per_iteration) * kNanosecondsPerSecond / elapsed_ns
         << " bytes/s";
  }
  return line.send(kStandardOutput) ? 0 : kFailed;
}

int run_bench(const char* name, const BenchContext& context) {
  const bool is_list = equal(name, "list");
  for (const Bench& bench : kBenches) {
    if (is_list) {
      Line line;
      line << bench.name;
      if (!line.send(kStandardOutput)) return kFailed;
    } else if (equal(name, bench.name)) {
      Measured measured;
      const Outcome outcome = bench.run(context, measured);
      return report(bench, outcome, measured);
    }
  }
  return is_list ? 0 : usage();
}

}  // namespace

int run_options(int count, const char* const* arguments) {
  if (count < 3) return usage();
  const char* option = arguments[1];
  const char* value = arguments[2];
  uint64_t number = 0;
  if (equal(option, "--bench")) {
    uint64_t milliseconds = kDefaultBenchMs;
    uint64_t bytes = kDefaultBenchBytes;
    for (int at = 3; at < count; at += 2) {
      if (at + 1 == count) return usage();
      if (equal(arguments[at], "--bench-ms")) {
        if (!parse(arguments[at + 1], milliseconds) || milliseconds == 0 || milliseconds > kMostBenchMs) return usage();
      } else if (equal(arguments[at], "--bench-bytes")) {
        if (!parse(arguments[at + 1], bytes) || bytes < kPageSize || bytes > SIZE_MAX) return usage();
      } else {
        return usage();
      }
    }
    return run_bench(value, {static_cast<int64_t>(milliseconds) * 1'000'000, static_cast<size_t>(bytes), arguments});
  }
  if (count != 3 || !parse(value, number)) return usage();
  if (equal(option, "--touch")) return finish("touch", touch(number));
  if (equal(option, "--syscalls")) return finish("syscalls", make_system_calls(number));
  if (equal(option, "--write")) return finish("write", write_file(number));
  return usage();
}

}  // namespace husk::payload
