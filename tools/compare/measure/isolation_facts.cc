// What stands between payload and host: looked at once for each runner, in runs that nobody times.
#include "tools/compare/isolation/inspect.h"
#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {

const Stage kIsolationStage = {
    .title = "isolation", .share = 5, .least_rounds = 1, .most_rounds = 1, .metrics = {"isolation_facts"}};

namespace {

void inspect_idle(Session& session, const Subject& subject, Entry& entry) {
  Process process = Process::start(session.command(entry, subject.embedded(idle_command())), Process::Streams::kPipes);
  if (process.read_output(1, session.left_ms(process)).empty()) {
    throw Error("run", entry.result.name, "the idle payload was not ready: " + process.last_error_line());
  }
  const std::vector<pid_t> processes = processes_that_count(process.pid(), entry.runner->isolation());
  if (processes.empty()) throw Error("inspect", entry.result.name, "none of its processes runs the payload");
  entry.result.isolation_facts = inspect(processes);
  session.finish_idle(process, entry);
}

}  // namespace

Observation observe_start(Session& session, const Subject& subject, Entry& entry) {
  const std::string objection = entry.runner->why_not_traced();
  if (!objection.empty()) throw NotPossible(objection);
  Observation seen =
      observe(session.command(entry, subject.start()), session.context().scratch / (entry.result.name + "-strace"),
              [&](Process& process) { session.finish(process, entry); });
  entry.files = seen.files;
  return seen;
}

void look_at_isolation(Session& session, const Subject& subject) {
  session.run(kIsolationStage, [&](Entry& entry, unsigned) {
    if (subject.workload->is_embedded()) inspect_idle(session, subject, entry);
    const Observation seen = observe_start(session, subject, entry);
    entry.result.isolation_facts["syscalls_observed"] = seen.calls.size();
    entry.result.isolation_facts["observed_calls"] = seen.calls;
  });
}

}  // namespace husk::compare
