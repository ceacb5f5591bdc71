// What stands between payload and host: looked at once for each runner, in runs that nobody times.
#include "tools/compare/isolation/inspect.h"
#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {

const Stage kIsolationStage = {
    .title = "isolation", .share = 5, .least_rounds = 1, .most_rounds = 1, .metrics = {"isolation_facts"}};

namespace {

void inspect_idle(Session& session, const Subject& subject, Entry& entry) {
  Instance instance = session.start(entry, subject.idle(), Process::Streams::kPipes);
  session.wait_until_idle(instance, entry);
  const std::vector<pid_t> processes = processes_that_count(instance.process().pid(), entry.runner->isolation());
  if (processes.empty()) throw Error("inspect", entry.result.name, "none of its processes runs the payload");
  entry.result.isolation_facts = inspect(processes);
  session.finish_idle(instance, entry);
}

}  // namespace

Observation observe_start(Session& session, const Subject& subject, Entry& entry) {
  const std::string objection = entry.runner->why_not_traced();
  if (!objection.empty()) throw NotPossible(objection);
  Instance instance = session.prepare(entry, subject.start());
  instance.make_root();
  Observation seen = observe(instance.command(), session.context().scratch / (entry.result.name + "-strace"),
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
