#include "tools/compare/measure.h"

#include <time.h>

#include <algorithm>
#include <optional>

#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

// How long an idle instance is left alone before its memory is looked at: what was still to be freed is then.
constexpr int kSettleMs = 100;
constexpr int kPeakIntervalMs = 1;

struct Entry {
  Runner& runner;
  RunnerResult result;
  bool usable = true;

  void drop(const std::string& why) {
    usable = false;
    result.note = why;
  }
};

void sleep_ms(int milliseconds) {
  const timespec pause{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
  nanosleep(&pause, nullptr);
}

class Measurement {
 public:
  Measurement(const Workload& workload, const Context& context, const MeasureOptions& options,
              const ProgressCallback& progress)
      : workload_(workload), context_(context), options_(options), progress_(progress) {}

  void add(Runner& runner) {
    Entry entry{runner, {}};
    entry.result.name = runner.name();
    entry.result.is_reference = runner.is_reference();
    const Availability availability = runner.detect(workload_, context_);
    entry.result.version = availability.version;
    if (!availability.available) entry.drop(availability.reason);
    entries_.push_back(std::move(entry));
  }

  void run(ComparisonResult& result) {
    const unsigned kinds = workload_.is_embedded() ? 2 : 1;
    total_ = static_cast<unsigned>(entries_.size()) *
             ((options_.warm_up + options_.runs) * kinds + std::min(options_.runs, options_.memory_runs));
    try {
      for (Entry& entry : entries_) guarded(entry, [&] { entry.runner.prepare(workload_, context_); });
      for (unsigned round = 0; round < options_.warm_up; ++round) one_round(false);
      for (unsigned round = 0; round < options_.runs; ++round) one_round(true);
      for (unsigned round = 0; round < std::min(options_.runs, options_.memory_runs); ++round) {
        for (Entry& entry : entries_) step(entry, "memory", [&] { look_at_memory(entry); });
        measure_bare_payload(result);
      }
    } catch (const Interrupted&) {
      acknowledge_interrupt();
      result.complete = false;
    }
    for (Entry& entry : entries_) {
      entry.runner.clean_up();
      result.runners.push_back(std::move(entry.result));
    }
  }

 private:
  // A failure of one runner is a note in its row, not the end of the comparison.
  template <typename Body>
  void guarded(Entry& entry, const Body& body) {
    if (!entry.usable) return;
    try {
      body();
    } catch (const Error& error) {
      entry.drop(std::string("failed: ") + error.what());
    }
  }

  template <typename Body>
  void step(Entry& entry, const char* kind, const Body& body) {
    progress_(done_++, total_, entry.result.name + ": " + kind);
    guarded(entry, body);
  }

  void one_round(bool keep) {
    for (Entry& entry : entries_) {
      step(entry, "start-up", [&] { time_start(entry, keep); });
      if (workload_.is_embedded()) step(entry, "first instruction", [&] { time_first_instruction(entry, keep); });
    }
  }

  // Ends the run of a process that must have succeeded by now.
  void finish(Process& process, Entry& entry) {
    if (!process.wait(options_.timeout_ms)) {
      throw Error("run", entry.result.name,
                  "it had not ended after " + std::to_string(options_.timeout_ms / 1000) + " s");
    }
    if (process.exit_status() == 0) return;
    const std::string line = process.last_error_line();
    throw Error("run", entry.result.name,
                "exit status " + std::to_string(process.exit_status()) + (line.empty() ? "" : ": " + line));
  }

  void time_start(Entry& entry, bool keep) {
    const std::vector<std::string> command = entry.runner.command(workload_, Phase::kStart);
    if (entry.result.command.empty()) entry.result.command = command;
    Process process = Process::start(command, Process::Streams::kNone);
    finish(process, entry);
    if (keep) entry.result.start_ns.push_back(process.end_ns() - process.start_ns());
  }

  void time_first_instruction(Entry& entry, bool keep) {
    if (entry.runner.is_reference()) return;
    Process process = Process::start(entry.runner.command(workload_, Phase::kStamp), Process::Streams::kPipes);
    constexpr std::size_t kMost = 4096;
    const std::string output = process.read_output(kMost, options_.timeout_ms);
    finish(process, entry);
    const std::optional<std::uint64_t> moment = entry.runner.first_instruction(output.substr(0, sizeof(timespec)));
    if (!keep || !moment) return;
    if (*moment < process.start_ns() || *moment > process.end_ns()) {
      throw Error("use", "first-instruction time of " + entry.result.name, "it lies outside the run");
    }
    entry.result.first_instruction_ns.push_back(*moment - process.start_ns());
    if (const auto boot = entry.runner.guest_boot()) entry.result.guest_boot_ns.push_back(*boot);
  }

  void look_at_memory(Entry& entry) {
    if (entry.runner.is_reference()) return;
    if (workload_.is_embedded()) {
      watch_idle(entry);
    } else {
      watch_command(entry);
    }
  }

  // A command of the user's: the largest sum until it ends.
  void watch_command(Entry& entry) {
    Process process = Process::start(entry.runner.command(workload_, Phase::kStart), Process::Streams::kNone);
    std::uint64_t peak = 0;
    const std::uint64_t deadline = process.start_ns() + static_cast<std::uint64_t>(options_.timeout_ms) * 1'000'000;
    do {
      peak = std::max(peak, total_pss(memory_of_tree(process.pid())));
    } while (!process.wait(kPeakIntervalMs) && monotonic_ns() < deadline);
    if (process.exit_status() < 0) finish(process, entry);
    entry.result.peak_pss_bytes.push_back(peak);
  }

  void watch_idle(Entry& entry) {
    Process process = Process::start(entry.runner.command(workload_, Phase::kIdle), Process::Streams::kPipes);
    std::uint64_t peak = 0;
    const std::uint64_t deadline = process.start_ns() + static_cast<std::uint64_t>(options_.timeout_ms) * 1'000'000;
    do {
      peak = std::max(peak, total_pss(memory_of_tree(process.pid())));
    } while (process.read_output(1, kPeakIntervalMs).empty() && !process.wait(0) && monotonic_ns() < deadline);
    if (process.exit_status() >= 0) {
      throw Error("run", entry.result.name, "the idle payload ended before it was ready: " + process.last_error_line());
    }
    sleep_ms(kSettleMs);
    std::vector<ProcessMemory> processes = memory_of_tree(process.pid());
    const std::uint64_t idle = total_pss(processes);
    process.close_input();  // the payload ends when its standard input does
    finish(process, entry);
    entry.result.idle_pss_bytes.push_back(idle);
    entry.result.peak_pss_bytes.push_back(std::max(peak, idle));
    entry.result.idle_processes.push_back(std::move(processes));
  }

  void measure_bare_payload(ComparisonResult& result) {
    if (!workload_.is_embedded()) return;
    std::vector<std::string> command = workload_.idle;
    command[0] = workload_.image + command[0];
    Process process = Process::start(command, Process::Streams::kPipes);
    if (process.read_output(1, options_.timeout_ms).empty()) return;
    sleep_ms(kSettleMs);
    result.payload_pss_bytes.push_back(total_pss(memory_of_tree(process.pid())));
    process.close_input();
    process.wait(options_.timeout_ms);
  }

  const Workload& workload_;
  const Context& context_;
  const MeasureOptions& options_;
  const ProgressCallback& progress_;
  std::vector<Entry> entries_;
  unsigned done_ = 0;
  unsigned total_ = 0;
};

}  // namespace

const RunnerResult* find(const ComparisonResult& result, const std::string& name) {
  const auto found = std::ranges::find(result.runners, name, &RunnerResult::name);
  return found == result.runners.end() ? nullptr : &*found;
}

ComparisonResult measure(std::vector<std::unique_ptr<Runner>>& runners, const Workload& workload,
                         const Context& context, const MeasureOptions& options, const ProgressCallback& progress) {
  ComparisonResult result;
  result.payload = workload.description;
  result.runs = options.runs;
  std::time_t now = std::time(nullptr);
  char text[sizeof "2000-01-01T00:00:00Z"];
  std::strftime(text, sizeof text, "%FT%TZ", std::gmtime(&now));
  result.started = text;
  Measurement measurement(workload, context, options, progress);
  for (const std::unique_ptr<Runner>& runner : runners) measurement.add(*runner);
  measurement.run(result);
  return result;
}

}  // namespace husk::compare
