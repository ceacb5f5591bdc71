// What stands between payload and host: looked at once for each runner, in runs that nobody times.
#include <algorithm>
#include <optional>

#include "tools/compare/isolation/boundary.h"
#include "tools/compare/isolation/inspect.h"
#include "tools/compare/isolation/kernel_functions.h"
#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {

const Stage kIsolationStage = {.title = "isolation",
                               .share = 5,
                               .least_rounds = 1,
                               .most_rounds = 1,
                               .metrics = {"isolation_facts"},
                               .with_hardened = true};

namespace {

constexpr char kFactsNote[] = "isolation_facts";
constexpr char kObservedNote[] = "syscalls_observed";
constexpr char kFunctionsNote[] = "kernel_functions";

Boundary boundary_of(const Entry& entry, const Invocation& invocation, const std::vector<std::string>& command) {
  Boundary boundary = entry.runner->boundary(command);
  // A command may be a script, or a shell's last word another program: any file of the image then.
  if (boundary.kind == Boundary::Kind::kPayload && invocation.is_embedded) boundary.program = invocation.argv[0];
  return boundary;
}

nlohmann::ordered_json look(Process& process, const Boundary& boundary, const Invocation& invocation, int timeout_ms) {
  const std::vector<pid_t> pids = wait_for_boundary(process, boundary, invocation.root->directory, timeout_ms);
  const Frozen frozen(pids);
  return inspect(pids);
}

// The embedded payload says when it is ready, and waits.
nlohmann::ordered_json inspect_idle(Session& session, const Subject& subject, Entry& entry) {
  const Invocation invocation = subject.embedded(idle_command());
  const std::vector<std::string> command = session.command(entry, invocation);
  Process process = Process::start(command, Process::Streams::kPipes);
  if (process.read_output(1, session.left_ms(process)).empty()) {
    throw Error("run", entry.result.name, "the idle payload was not ready: " + process.last_error_line());
  }
  nlohmann::ordered_json facts =
      look(process, boundary_of(entry, invocation, command), invocation, session.left_ms(process));
  facts["interfaces"] = entry.runner->interfaces(command);
  session.finish_idle(process, entry);
  return facts;
}

// A command of the user's is stopped as soon as it runs.
nlohmann::ordered_json inspect_command(Session& session, const Subject& subject, Entry& entry) {
  const Invocation invocation = subject.start();
  const std::vector<std::string> command = session.command(entry, invocation);
  Process process = Process::start(command, Process::Streams::kNone);
  nlohmann::ordered_json facts =
      look(process, boundary_of(entry, invocation, command), invocation, session.left_ms(process));
  facts["interfaces"] = entry.runner->interfaces(command);
  session.finish(process, entry);
  return facts;
}

// Which of the host kernel's functions runs reach, and which of them a process of the payload reaches that nobody isolates:
// the empty baseline.
class FunctionCounter {
 public:
  FunctionCounter(Session& session, const Subject& subject) : session_(session), subject_(subject) {
    try {
      tracer_.emplace(session.context().scratch);
      if (subject.workload->is_embedded()) baseline_ = trace_bare_payload();
    } catch (const Error& error) {
      tracer_.reset();
      why_not_ = error.what();
    }
  }

  void count(Entry& entry, nlohmann::ordered_json& facts) {
    if (!tracer_) {
      entry.result.notes[kFunctionsNote] = why_not_;
      return;
    }
    const KernelFunctions found =
        tracer_->trace(session_.command(entry, subject_.start()), entry.runner->daemons(),
                       session_.options().timeout_ms, [&](Process& process) { session_.finish(process, entry); });
    facts["kernel_functions"] = found.names.size();
    facts["kernel_functions_by_module"] = found.by_module;
    facts["kernel_function_calls_lost"] = found.lost_calls;
    facts["kernel_function_names"] = found.names;
    if (!baseline_) return;
    facts["kernel_functions_beyond_process"] =
        std::ranges::count_if(found.names, [&](const std::string& name) { return !baseline_->names.contains(name); });
  }

 private:
  KernelFunctions trace_bare_payload() {
    std::vector<std::string> command = subject_.start().argv;
    command[0] = subject_.root.directory.string() + command[0];
    return tracer_->trace(command, {}, session_.options().timeout_ms, [&](Process& process) {
      if (!process.wait(session_.left_ms(process)) || process.exit_status() != 0) {
        throw Error("trace", "the payload as a plain process", "it failed: " + process.last_error_line());
      }
    });
  }

  Session& session_;
  const Subject& subject_;
  std::optional<FunctionTracer> tracer_;
  std::optional<KernelFunctions> baseline_;
  std::string why_not_;
};

}  // namespace

Observation observe_start(Session& session, const Subject& subject, Entry& entry) {
  Observation seen =
      observe(session.command(entry, subject.start()), session.context().scratch / (entry.result.name + "-strace"),
              [&](Process& process) { session.finish(process, entry); });
  entry.files = seen.files;
  return seen;
}

void look_at_isolation(Session& session, const Subject& subject) {
  FunctionCounter functions(session, subject);
  session.run(kIsolationStage, [&](Entry& entry, unsigned) {
    nlohmann::ordered_json& facts = entry.result.isolation_facts;
    // What can be looked at is shown, whatever became of the rest.
    const auto attempt = [&](const char* what, const auto& step) {
      try {
        step();
        session.settle(entry);
      } catch (const Error& error) {
        entry.result.notes[what] = error.what();
        session.clean_up(entry);
      }
    };
    attempt(kFactsNote, [&] {
      facts = subject.workload->is_embedded() ? inspect_idle(session, subject, entry)
                                              : inspect_command(session, subject, entry);
    });
    attempt(kObservedNote, [&] {
      const Observation seen = observe_start(session, subject, entry);
      facts["syscalls_observed"] = seen.calls.size();
      facts["observed_calls"] = seen.calls;
    });
    attempt(kFunctionsNote, [&] { functions.count(entry, facts); });
  });
}

}  // namespace husk::compare
