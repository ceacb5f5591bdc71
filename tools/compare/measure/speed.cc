// How fast the payload runs once it runs: the micro-benchmarks of payload/, each in an instance of its own.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "tools/compare/cache_sizes.h"
#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

struct Benchmark {
  const char* name;  // as `payload --bench` takes it
  const char* metric;
  std::uint64_t StreamSizes::*size = nullptr;  // of those that read a buffer
};

constexpr std::array kBenchmarks = {
    Benchmark{"cpu", "cpu_ns"},
    Benchmark{"memory", "memory_l2_rate", &StreamSizes::in_second_level},
    Benchmark{"memory", "memory_llc_rate", &StreamSizes::in_last_level},
    Benchmark{"memory", "memory_ram_rate", &StreamSizes::beyond_caches},
    Benchmark{"syscall", "syscall_ns"},
    Benchmark{"context_switch", "context_switch_ns"},
    Benchmark{"page_fault", "page_fault_ns"},
    Benchmark{"fork_exec", "fork_exec_ns"},
    Benchmark{"file_write", "file_write_rate"},
    Benchmark{"file_read", "file_read_rate"},
    Benchmark{"file_metadata", "file_metadata_ns"},
    Benchmark{"clock", "clock_ns"},
    Benchmark{"futex", "futex_switch_ns"},
    Benchmark{"epoll", "epoll_ns"},
    Benchmark{"unix", "unix_ns"},
    Benchmark{"unix_stream", "unix_rate"},
    Benchmark{"tcp", "tcp_ns"},
    Benchmark{"tcp_stream", "tcp_rate"},
};

constexpr int kUnsupportedStatus = 3;  // of the payload
constexpr std::size_t kMostFigures = 4096;
constexpr std::uint64_t kPayloadBytes = 64 << 20;  // what a VM has when nobody says; a buffer comes on top

// A buffer may be as large as the payload's memory allows, and is not to push everything else out of this machine's.
std::uint64_t buffer_limit(const SessionOptions& options) {
  constexpr std::uint64_t kPartOfMachine = 4;
  const std::uint64_t machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                                static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / kPartOfMachine;
  return options.memory_bytes == 0 ? machine : std::min(machine, options.memory_bytes);
}

const StreamSizes& sizes_here(const SessionOptions& options) {
  static const StreamSizes sizes = stream_sizes(cache_sizes(), buffer_limit(options));
  return sizes;
}

std::vector<std::string> command_of(const Benchmark& benchmark, std::uint64_t bytes) {
  std::vector<std::string> words = bench_command(benchmark.name);
  if (benchmark.size != nullptr) words.insert(words.end(), {"--bench-bytes", std::to_string(bytes)});
  return words;
}

void run_benchmark(Session& session, const Subject& subject, Entry& entry, unsigned round, const Benchmark& benchmark) {
  if (entry.result.notes.contains(benchmark.metric)) return;  // it failed in an earlier round
  const std::uint64_t bytes = benchmark.size == nullptr ? 0 : sizes_here(session.options()).*benchmark.size;
  if (benchmark.size != nullptr && bytes == 0) {
    entry.result.notes[benchmark.metric] =
        "not measured: this machine does not tell the sizes of its caches, or such a buffer takes more than half of -m";
    return;
  }
  Invocation invocation = subject.embedded(command_of(benchmark, bytes));
  if (benchmark.size != nullptr) invocation.memory_bytes = kPayloadBytes + 2 * bytes;
  Instance instance = session.start(entry, invocation, Process::Streams::kPipes);
  Process& process = instance.process();
  const std::string output = process.read_output(kMostFigures, session.left_ms(process));
  if (process.wait(session.left_ms(process)) &&
      entry.runner->payload_status(process.exit_status()) == kUnsupportedStatus) {
    const std::string reason = output.substr(output.rfind("unsupported") + std::string_view("unsupported ").size());
    // WASI has no such call; a guest kernel of ours may get it.
    const bool is_final = entry.runner->isolation() == Isolation::kLanguage;
    entry.result.notes[benchmark.metric] =
        (is_final ? "not supported: " : "not supported yet: ") + reason.substr(0, reason.find('\n'));
    return;
  }
  session.finish(instance, entry);
  std::istringstream line(output);
  std::string name;
  double value = 0;
  if (!(line >> name >> value) || name != benchmark.name || !(value > 0)) {
    throw Error("read", std::string("benchmark ") + benchmark.name, "it printed '" + output.substr(0, 80) + "'");
  }
  entry.add(benchmark.metric, round, value);
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const Benchmark& benchmark : kBenchmarks) names.emplace_back(benchmark.metric);
  return names;
}

}  // namespace

const Stage kSpeedStage = {
    .title = "speed", .share = 15, .least_rounds = 1, .most_rounds = 30, .metrics = metric_names()};

void measure_speed(Session& session, const Subject& subject) {
  session.run(kSpeedStage, [&](Entry& entry, unsigned round) {
    for (const Benchmark& benchmark : kBenchmarks) {
      // One benchmark that fails is a note in its cell; the others go on.
      try {
        run_benchmark(session, subject, entry, round, benchmark);
        session.settle(entry);
      } catch (const std::exception& error) {
        entry.result.notes[benchmark.metric] = std::string("failed: ") + error.what();
        session.clean_up(entry);
      }
    }
  });
}

}  // namespace husk::compare
