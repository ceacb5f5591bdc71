// Whether a command of the user's waits, and how one sees it: found out once, in a run that nobody times.
#include "tools/compare/measure/stages.h"

namespace husk::compare {

const Stage kReadyStage = {.title = "start to the line of --ready",
                           .share = 20,
                           .least_rounds = 6,
                           .most_rounds = 200,
                           .warm_up = 1,
                           .metrics = {"ready_ns"},
                           .is_essential = true};

namespace {

// A command that has not ended so long after its line, or after the end of its input, is not about to.
constexpr int kPatienceMs = 1000;

// The first runner under which the command runs decides for all: what it does is the same everywhere.
void find_out_under(Session& session, const Subject& subject, Entry& entry, Workload& workload) {
  Invocation invocation = subject.start();
  const bool has_line = !workload.ready.empty();
  invocation.waiting = Waiting{has_line ? Waiting::Sign::kLine : Waiting::Sign::kStill, workload.ready, false};
  Instance instance = session.start(entry, invocation, Process::Streams::kPipes);
  Process& process = instance.process();
  constexpr int kLookMs = 10;
  while (!instance.looks_idle(kLookMs)) {
    if (session.left_ms(process) == 0) throw RunFailed("it neither ended nor came to wait in time", process.errors());
    if (!process.has_ended()) continue;
    session.finish(instance, entry);  // says so when it has failed
    workload.ends_by_itself = true;
    workload.why_not_waiting = has_line
                                   ? "the command ended without writing '" + workload.ready + "'"
                                   : "the command does not wait; --ready TEXT has it looked at when it writes TEXT";
    return;
  }
  workload.waiting = invocation.waiting;
  if (has_line && process.wait(kPatienceMs)) {
    session.finish(process, entry);    // throws when it has failed, after its line
    workload.waiting->is_held = true;  // it went on, and is to be stopped there
    workload.ends_by_itself = true;
  } else {
    process.close_input();
    workload.ends_by_itself = process.wait(kPatienceMs) && entry.runner->payload_status(process.exit_status()) == 0;
  }
  session.finish_idle(instance, entry);
  session.settle(entry);
}

}  // namespace

void find_out_waiting(Session& session, const Subject& subject, Workload& workload) {
  if (workload.is_embedded()) return;
  for (Entry& entry : session.entries()) {
    if (!entry.usable || entry.result.is_reference) continue;
    try {
      find_out_under(session, subject, entry, workload);
      return;
    } catch (const std::exception& error) {
      // The first run that is measured meets the same, and has a row to say it in; another runner may do better.
      workload.why_not_waiting = std::string("whether the command waits could not be found out: ") + error.what();
      session.clean_up(entry);
    }
  }
  // It has run under none: there will be nothing to compare with a limit.
  for (Entry& entry : session.entries()) {
    if (!entry.result.is_reference) continue;
    entry.usable = false;
    entry.result.status = Status::kNotAvailable;
    entry.result.note = "not measured: the command has run under no runner";
  }
}

void measure_ready(Session& session, const Subject& subject) {
  session.run(kReadyStage, [&](Entry& entry, unsigned round) {
    Instance instance = session.start(entry, subject.idle(), Process::Streams::kPipes);
    constexpr int kLookMs = 1;  // for a line on standard error, which is a file
    while (!session.has_come_to_wait(instance, entry, kLookMs)) {
    }
    entry.add("ready_ns", round, static_cast<double>(monotonic_ns() - instance.begin_ns()));
    session.finish_idle(instance, entry);
  });
}

}  // namespace husk::compare
