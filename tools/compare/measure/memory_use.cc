// Memory of one instance: while it starts, and while its payload waits for input.
#include <time.h>

#include <algorithm>

#include "tools/compare/measure/kernel_memory.h"
#include "tools/compare/measure/stages.h"

namespace husk::compare {

const Stage kMemoryStage = {
    .title = "memory",
    .share = 8,
    .least_rounds = 3,
    .most_rounds = 20,
    .metrics = {"idle_pss_bytes", "peak_pss_bytes", "idle_private_bytes", "idle_shared_bytes", "idle_kernel_bytes"}};

namespace {

// How long an idle instance is left alone before its memory is looked at: what was still to be freed is then.
constexpr int kSettleMs = 100;
constexpr int kPeakIntervalMs = 1;

void sleep_ms(int milliseconds) {
  const timespec pause{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
  nanosleep(&pause, nullptr);
}

// A command of the user's: the largest sum until it ends.
void watch_command(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  Instance instance = session.start(entry, subject.start(), Process::Streams::kNone);
  Process& process = instance.process();
  std::uint64_t peak = 0;
  do {
    peak = std::max(peak, total(memory_of_trees({process.pid()})).pss_bytes);
  } while (!process.wait(kPeakIntervalMs) && session.left_ms(process) > 0);
  session.finish(instance, entry);
  entry.add("peak_pss_bytes", round, static_cast<double>(peak));
}

void watch_idle(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  KernelMemory kernel;
  Instance instance = session.prepare(entry, subject.idle());
  instance.command() = kernel.enclose(instance.command());
  instance.start(Process::Streams::kPipes);
  Process& process = instance.process();
  std::uint64_t peak = 0;
  do {
    peak = std::max(peak, total(memory_of_trees({process.pid()})).pss_bytes);
  } while (!session.has_come_to_wait(instance, entry, kPeakIntervalMs));
  sleep_ms(kSettleMs);
  std::vector<ProcessMemory> processes = memory_of_trees({process.pid()});
  const ProcessMemory idle = total(processes);
  const std::optional<std::uint64_t> kernel_bytes = kernel.read(processes);
  session.finish_idle(instance, entry);

  const auto add = [&](const char* metric, std::uint64_t bytes) {
    entry.add(metric, round, static_cast<double>(bytes));
  };
  add("idle_pss_bytes", idle.pss_bytes);
  add("peak_pss_bytes", std::max(peak, idle.pss_bytes));
  add("idle_private_bytes", idle.private_bytes);
  add("idle_shared_bytes", idle.pss_bytes - std::min(idle.pss_bytes, idle.private_bytes));
  if (kernel_bytes) {
    add("idle_kernel_bytes", *kernel_bytes);
  } else {
    entry.result.notes["idle_kernel_bytes"] = kernel.why_not();
  }
  entry.result.idle_processes.push_back(std::move(processes));
}

// The payload as a plain process: what no isolation can be below.
void watch_payload_alone(Session& session, const Subject& subject, Series& series, unsigned round) {
  std::vector<std::string> command = idle_command();
  command[0] = subject.roots->files().string() + command[0];
  Process process = Process::start(command, Process::Streams::kPipes);
  if (process.read_output(1, session.left_ms(process)).empty()) return;
  sleep_ms(kSettleMs);
  series.push_back({round, static_cast<double>(total(memory_of_trees({process.pid()})).pss_bytes)});
  process.close_input();
  process.wait(session.left_ms(process));
}

}  // namespace

void measure_memory(Session& session, const Subject& subject, Series& payload_alone) {
  if (subject.workload->is_embedded()) {
    for (unsigned round = 0; round < kMemoryStage.least_rounds; ++round) {
      // Where it cannot run, fork-exec has said why; the payload's own memory is then not known.
      try {
        watch_payload_alone(session, subject, payload_alone, round);
      } catch (const std::exception&) {
        break;
      }
    }
  }
  session.run(kMemoryStage, [&](Entry& entry, unsigned round) {
    if (subject.why_not_idle().empty()) {
      watch_idle(session, subject, entry, round);
    } else {
      watch_command(session, subject, entry, round);
    }
  });
}

}  // namespace husk::compare
