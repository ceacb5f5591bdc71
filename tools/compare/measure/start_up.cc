// Time from exec of the runner to its exit, and what happens in between.
#include <time.h>

#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {

const Stage kStartStage = {.title = "start-up",
                           .share = 50,
                           .least_rounds = 10,
                           .most_rounds = 1000,
                           .warm_up = 3,
                           .metrics = {"start_ns"},
                           .is_essential = true,
                           .with_references = true,
                           .with_hardened = true,
                           .with_emulated = true};

const Stage kRootStage = {.title = "start-up, root made within",
                          .share = 12,
                          .least_rounds = 6,
                          .most_rounds = 300,
                          .warm_up = 1,
                          .metrics = {"start_with_root_ns", "start_directory_ns"},
                          .with_references = true};

const Stage kTimelineStage = {
    .title = "phases of a start",
    .share = 12,
    .least_rounds = 6,
    .most_rounds = 200,
    .warm_up = 1,
    .metrics = {"first_output_ns", "first_instruction_ns", "teardown_ns", "phase_setup_ns", "phase_exec_ns",
                "phase_vm_ns", "phase_kernel_ns", "phase_payload_ns", "phase_teardown_ns"}};

namespace {

// One run of `payload --stamp`: what the runner and the payload tell of it.
void record_timeline(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  Invocation invocation = subject.embedded(stamp_command());
  invocation.wants_timeline = true;
  Instance instance = session.start(entry, invocation, Process::Streams::kPipes);
  Process& process = instance.process();
  std::string output = process.read_output(1, session.left_ms(process));
  const std::uint64_t first_output = monotonic_ns();
  if (output.empty()) {
    session.finish(process, entry);
    throw Error("run", entry.result.name, "the payload has written nothing");
  }
  constexpr std::size_t kMost = 4096;
  output += process.read_output(kMost, session.left_ms(process));
  session.finish(instance, entry);

  const std::uint64_t begin = process.start_ns();
  const std::uint64_t end = process.end_ns();
  const auto add = [&](const char* metric, std::uint64_t from, std::uint64_t to) {
    entry.add(metric, round, static_cast<double>(to - from));
  };
  add("first_output_ns", begin, first_output);  // seen from here, whatever the runner tells
  const Timeline timeline = entry.runner->timeline(output);
  // A moment is believed only where it can lie: what a guest says of itself is not trusted.
  std::uint64_t last = begin;
  const auto in_order = [&](std::optional<std::uint64_t> moment) -> std::optional<std::uint64_t> {
    if (!moment) return std::nullopt;
    if (*moment < last || *moment > end) throw Error("use", "timeline of " + entry.result.name, "it is not in order");
    last = *moment;
    return moment;
  };
  const auto program = in_order(timeline.program_ns);
  const auto entered = in_order(timeline.guest_entered_ns);
  const auto first = in_order(timeline.first_instruction_ns);
  const auto final = in_order(timeline.last_instruction_ns);
  if (first) add("first_instruction_ns", begin, *first);
  if (program && entered && first) {
    add("phase_exec_ns", begin, *program);
    add("phase_vm_ns", *program, *entered);
    add("phase_kernel_ns", *entered, *first);
  } else if (first) {
    add("phase_setup_ns", begin, *first);
  }
  if (first && final) {
    add("phase_payload_ns", *first, *final);
    add("phase_teardown_ns", *final, end);
    add("teardown_ns", *final, end);
  }
}

}  // namespace

double time_run(Session& session, Entry& entry, const Invocation& invocation, std::string* output) {
  using Streams = Process::Streams;
  Instance instance = session.start(entry, invocation, output != nullptr ? Streams::kPipes : Streams::kNone);
  if (output != nullptr) {
    constexpr std::size_t kMost = 64 << 20;
    instance.process().close_input();
    *output = instance.process().read_output(kMost, session.left_ms(instance.process()));
  }
  session.finish(instance, entry);
  return static_cast<double>(instance.duration_ns());
}

void measure_start(Session& session, const Subject& subject, const Stage& slice) {
  session.run(slice, [&](Entry& entry, unsigned round) {
    entry.add("start_ns", round, time_run(session, entry, subject.start()));
  });
}

void measure_with_root(Session& session, const Subject& subject) {
  session.run(kRootStage, [&](Entry& entry, unsigned round) {
    const std::pair<const char*, RootForm> forms[] = {{"start_with_root_ns", RootForm::kMade},
                                                      {"start_directory_ns", RootForm::kDirectory}};
    for (const auto& [metric, form] : forms) {
      try {
        entry.add(metric, round, time_run(session, entry, subject.start(form)));
        session.settle(entry);
      } catch (const NotPossible& objection) {
        entry.result.notes[metric] = std::string("not supported: ") + objection.what();
      }
    }
  });
}

void measure_timeline(Session& session, const Subject& subject) {
  session.run(kTimelineStage, [&](Entry& entry, unsigned round) { record_timeline(session, subject, entry, round); });
}

void record_commands(Session& session, const Subject& subject) {
  for (Entry& entry : session.entries()) {
    if (!entry.usable) continue;
    try {
      entry.result.command = session.prepare(entry, subject.start()).command();
      entry.result.configuration = entry.runner->configuration();
    } catch (const std::exception&) {
      // The first run that is measured meets the same, and has a row to say it in.
    }
  }
}

void record_vm_exits(Session& session, const Subject& subject) {
  if (!subject.workload->ends_by_itself) return;
  for (Entry& entry : session.entries()) {
    if (!entry.usable || entry.runner->isolation() != Isolation::kVm) continue;
    Invocation invocation = subject.start();
    invocation.wants_vm_exits = true;
    try {
      // Two runs: the first VM since the host was booted also measures the host (vmm/machine/host_profile.h).
      for (int run = 0; run < 2; ++run) {
        Instance instance = session.start(entry, invocation, Process::Streams::kNone);
        session.finish(instance, entry);
        session.settle(entry);
      }
      entry.result.vm_exits = entry.runner->vm_exits();
    } catch (const std::exception& error) {
      entry.result.notes["vm_exits"] = error.what();
      session.clean_up(entry);
    }
  }
}

}  // namespace husk::compare
