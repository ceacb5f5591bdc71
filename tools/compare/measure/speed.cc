// How fast the payload runs once it runs: the micro-benchmarks of payload/, each in an instance of its own.
#include <array>
#include <sstream>

#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

struct Benchmark {
  const char* name;  // as `payload --bench` takes it
  const char* metric;
};

constexpr std::array kBenchmarks = {
    Benchmark{"cpu", "cpu_ns"},
    Benchmark{"memory", "memory_rate"},
    Benchmark{"syscall", "syscall_ns"},
    Benchmark{"context_switch", "context_switch_ns"},
    Benchmark{"page_fault", "page_fault_ns"},
    Benchmark{"fork_exec", "fork_exec_ns"},
    Benchmark{"file_write", "file_write_rate"},
    Benchmark{"file_read", "file_read_rate"},
    Benchmark{"file_metadata", "file_metadata_ns"},
    Benchmark{"tcp", "tcp_ns"},
};

constexpr int kUnsupportedStatus = 3;  // of the payload
constexpr std::size_t kMostOutput = 4096;

void run_benchmark(Session& session, const Subject& subject, Entry& entry, unsigned round, const Benchmark& benchmark) {
  if (entry.result.notes.contains(benchmark.metric)) return;  // it failed in an earlier round
  Instance instance =
      session.start(entry, subject.embedded(bench_command(benchmark.name)), Process::Streams::kPipes);
  Process& process = instance.process();
  const std::string output = process.read_output(kMostOutput, session.left_ms(process));
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
