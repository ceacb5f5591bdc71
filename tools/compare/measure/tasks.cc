// Tasks: time from exec of the runner to its exit, of payloads that do something. Whether they did it is told by their
// output, which goes to a memory file, so that reading it is no part of the time.
#include <regex>

#include "tools/compare/measure/stages.h"
#include "tools/compare/metrics.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr std::size_t kMostOutput = 64 << 10;
constexpr std::size_t kMostShown = 120;

Stage stage_of(const Task& task) {
  return {.title = find_metric(task.metric)->title.data(),
          .share = kTaskShare,
          .least_rounds = 6,  // fewer have no interval
          .most_rounds = 100,
          .warm_up = 1,
          .metrics = {task.metric},
          .may_cut_runs = true,
          .limit_ms = task.limit_ms};
}

std::string shown(const std::string& output) {
  return output.empty() ? "nothing" : "'" + output.substr(0, kMostShown) + "'";
}

double time_task(Session& session, Entry& entry, const Task& task, const std::regex& expect,
                 const Invocation& invocation) {
  const bool is_checked = !task.expect.empty();
  Instance instance = session.start(entry, invocation, is_checked ? Process::Streams::kFile : Process::Streams::kNone);
  session.finish(instance, entry);
  const std::string output = is_checked ? instance.process().output(kMostOutput) : "";
  if (is_checked && !std::regex_match(output, expect)) {
    throw Error("run", entry.result.name,
                "the payload printed " + shown(output) + ", expected was " + shown(task.expect));
  }
  return static_cast<double>(instance.duration_ns());
}

}  // namespace

void measure_tasks(Session& session, const Subject& subject) {
  for (const Task& task : subject.workload->tasks) {
    const Invocation invocation = subject.task(task);
    const std::regex expect(task.expect);
    session.run(stage_of(task), [&](Entry& entry, unsigned round) {
      if (!task.missing.empty()) {
        throw NotPossible(subject.workload->task_image + " has no " + task.missing + " (" + task.packages +
                          "; --payload debian has)");
      }
      entry.add(task.metric, round, time_task(session, entry, task, expect, invocation));
    });
  }
}

}  // namespace husk::compare
