// Memory of one instance: while it starts, and while its payload waits.
#include <time.h>

#include <algorithm>

#include "tools/compare/measure/idle_instances.h"
#include "tools/compare/measure/stages.h"
#include "tools/compare/statistics/interval.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {

const Stage kMemoryStage = {.title = "memory",
                            .share = 8,
                            .least_rounds = static_cast<unsigned>(kLeastForInterval),
                            .most_rounds = 20,
                            .metrics = {"idle_pss_bytes", "peak_pss_bytes", "idle_private_bytes", "idle_shared_bytes",
                                        "idle_kernel_bytes", "idle_total_bytes"},
                            .with_emulated = true};

const Stage kDetachedStage = {
    .title = "memory, detached",
    .share = 3,
    .least_rounds = static_cast<unsigned>(kLeastForInterval),
    .most_rounds = 20,
    .metrics = {"detached_idle_pss_bytes", "detached_idle_private_bytes", "detached_idle_shared_bytes",
                "detached_idle_kernel_bytes", "detached_idle_total_bytes"}};

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
    peak = std::max(peak, total(memory_of_trees(instance.roots())).pss_bytes);
  } while (!process.wait(kPeakIntervalMs) && session.left_ms(process) > 0);
  session.finish(instance, entry);
  entry.add("peak_pss_bytes", round, static_cast<double>(peak));
}

// `form` is what the metrics begin with: "", or "detached_".
void add_idle(Entry& entry, const std::string& form, unsigned round, const IdleInstances::Memory& idle,
              const std::string& why_no_group) {
  const auto add = [&](const char* metric, std::uint64_t bytes) {
    entry.add(form + metric, round, static_cast<double>(bytes));
  };
  add("idle_pss_bytes", idle.sum.pss_bytes);
  add("idle_private_bytes", idle.sum.private_bytes);
  add("idle_shared_bytes", idle.sum.pss_bytes - std::min(idle.sum.pss_bytes, idle.sum.private_bytes));
  if (idle.group) {
    add("idle_kernel_bytes", idle.group->kernel_bytes);
    add("idle_total_bytes", idle.sum.pss_bytes + idle.group->kernel_bytes);
  } else {
    for (const char* metric : {"idle_kernel_bytes", "idle_total_bytes"}) {
      entry.result.notes[form + metric] = why_no_group;
    }
  }
}

void watch_idle(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  IdleInstances instances(session, entry);
  std::uint64_t peak = 0;
  instances.start(subject.idle(), [&](const std::vector<ProcessMemory>& processes) {
    peak = std::max(peak, total(processes).pss_bytes);
  });
  sleep_ms(kSettleMs);
  IdleInstances::Memory idle = instances.read();
  instances.end();
  add_idle(entry, "", round, idle, instances.why_no_group());
  entry.add("peak_pss_bytes", round, static_cast<double>(std::max(peak, idle.sum.pss_bytes)));
  entry.result.idle_processes.push_back(std::move(idle.processes));
}

// What stays when the client that has started it is gone.
void watch_detached(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  if (!entry.runner->has_detached_form()) return;
  IdleInstances instances(session, entry);
  Invocation invocation = subject.idle();
  invocation.is_detached = true;
  instances.start(invocation);
  sleep_ms(kSettleMs);
  IdleInstances::Memory idle = instances.read();
  instances.end();
  add_idle(entry, "detached_", round, idle, instances.why_no_group());
  entry.result.detached_processes.push_back(std::move(idle.processes));
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
  if (!subject.why_not_idle().empty()) return;
  session.run(kDetachedStage, [&](Entry& entry, unsigned round) { watch_detached(session, subject, entry, round); });
}

}  // namespace husk::compare
