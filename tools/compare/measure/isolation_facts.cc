// What stands between payload and host: looked at once for each runner, in runs that nobody times.
#include <algorithm>
#include <optional>
#include <set>
#include <string>

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
                               .with_hardened = true,
                               .with_emulated = true};

namespace {

constexpr char kFactsNote[] = "isolation_facts";
constexpr char kObservedNote[] = "syscalls_observed";
constexpr char kFunctionsNote[] = "kernel_functions";

constexpr int kUnsupported =
    3;  // the payload's status where a call says that there is no such thing (payload/options.cc)

// The payload's micro-benchmarks that are about the kernel.
constexpr const char* kWork[] = {"syscall",   "context_switch", "page_fault", "fork_exec", "file_write",
                                 "file_read", "file_metadata",  "clock",      "futex",     "epoll",
                                 "unix",      "unix_stream",    "tcp",        "tcp_stream"};

Boundary boundary_of(const Entry& entry, const Invocation& invocation, const std::vector<std::string>& command) {
  Boundary boundary = entry.runner->boundary(command);
  // A command may be a script, or a shell's last word another program: any file of the image then.
  if (boundary.kind == Boundary::Kind::kPayload && invocation.is_embedded) boundary.program = invocation.argv[0];
  return boundary;
}

nlohmann::ordered_json look(const Session& session, const Entry& entry, const Invocation& invocation,
                            Instance& instance) {
  const Boundary boundary = boundary_of(entry, invocation, instance.command());
  const PayloadImage image{invocation.roots->files(), instance.root().directory};
  const std::vector<pid_t> pids = wait_for_boundary(
      instance.process(), [&] { return instance.roots(); }, boundary, image, session.left_ms(instance.process()));
  const Frozen frozen(pids);
  nlohmann::ordered_json facts = inspect(pids);
  facts["interfaces"] = entry.runner->interfaces(instance.command());
  return facts;
}

// What comes to wait is looked at then.
nlohmann::ordered_json inspect_idle(Session& session, const Subject& subject, Entry& entry) {
  const Invocation invocation = subject.idle();
  Instance instance = session.start(entry, invocation, Process::Streams::kPipes);
  session.wait_until_idle(instance, entry);
  nlohmann::ordered_json facts = look(session, entry, invocation, instance);
  session.finish_idle(instance, entry);
  return facts;
}

// A command that does not wait is stopped as soon as it runs.
nlohmann::ordered_json inspect_command(Session& session, const Subject& subject, Entry& entry) {
  const Invocation invocation = subject.start();
  Instance instance = session.start(entry, invocation, Process::Streams::kNone);
  nlohmann::ordered_json facts = look(session, entry, invocation, instance);
  session.finish(instance, entry);
  return facts;
}

// Which of the host kernel's functions runs reach, and which of them a process of the payload reaches that nobody isolates:
// the empty baseline.
class FunctionCounter {
 public:
  FunctionCounter(Session& session, const Subject& subject) : session_(session), subject_(subject) {
    try {
      tracer_.emplace();
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
    const KernelFunctions found = trace_run(entry, subject_.start());
    facts["kernel_functions"] = found.names.size();
    facts["kernel_functions_by_module"] = found.by_module;
    facts["kernel_function_calls_lost"] = found.lost_calls;
    facts["kernel_function_names"] = found.names;
    if (!baseline_) return;
    facts["kernel_functions_beyond_process"] = count_of_those_not_in(found.names, baseline_->names);
    add_work(entry, found, facts);
  }

 private:
  // What the payload's own work adds: runs of its micro-benchmarks that need the kernel, against the run that exits at once.
  // A run that starts and ends tells more of the runner than of what keeps the payload from the host.
  void add_work(Entry& entry, const KernelFunctions& idle, nlohmann::ordered_json& facts) {
    std::set<std::string> names;
    std::uint64_t lost = idle.lost_calls;
    for (const char* work : kWork) {
      const KernelFunctions found =
          trace_run(entry, subject_.embedded({subject_.start().argv[0], "--bench", work, "--bench-ms", "1"}));
      names.insert(found.names.begin(), found.names.end());
      lost += found.lost_calls;
    }
    facts["kernel_functions_added_by_work"] = count_of_those_not_in(names, idle.names);
    facts["kernel_function_calls_lost"] = lost;
  }

  static std::size_t count_of_those_not_in(const std::set<std::string>& names, const std::set<std::string>& others) {
    return static_cast<std::size_t>(
        std::ranges::count_if(names, [&](const std::string& name) { return !others.contains(name); }));
  }

  KernelFunctions trace_run(Entry& entry, const Invocation& invocation) {
    Instance instance = session_.prepare(entry, invocation);
    instance.make_root();
    KernelFunctions found = tracer_->trace(
        instance.command(), entry.runner->daemons(), session_.options().timeout_ms, [&](Process& process) {
          // What is not supported was asked for all the same.
          const bool has_ended = process.wait(session_.left_ms(process));
          if (has_ended && entry.runner->payload_status(process.exit_status()) == kUnsupported) return;
          session_.finish(process, entry);
        });
    session_.settle(entry);
    return found;
  }

  KernelFunctions trace_bare_payload() {
    std::vector<std::string> command = subject_.start().argv;
    command[0] = subject_.roots->files().string() + command[0];
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
  FunctionCounter functions(session, subject);
  session.run(kIsolationStage, [&](Entry& entry, unsigned) {
    nlohmann::ordered_json& facts = entry.result.isolation_facts;
    // What can be looked at is shown, whatever became of the rest.
    const auto attempt = [&](const char* what, const auto& step) {
      try {
        step();
        session.settle(entry);
      } catch (const NotPossible&) {
        throw;
      } catch (const std::exception& error) {
        entry.result.notes[what] = error.what();
        session.clean_up(entry);
      }
    };
    attempt(kFactsNote, [&] {
      facts = subject.why_not_idle().empty() ? inspect_idle(session, subject, entry)
                                             : inspect_command(session, subject, entry);
    });
    if (!subject.workload->ends_by_itself) {
      for (const char* note : {kObservedNote, kFunctionsNote})
        entry.result.notes[note] = "the command does not end by itself";
      return;
    }
    attempt(kObservedNote, [&] {
      if (const std::string objection = entry.runner->why_not_traced(); !objection.empty()) {
        entry.result.notes[kObservedNote] = "not supported: " + objection;
        return;
      }
      const Observation seen = observe_start(session, subject, entry);
      facts["syscalls_observed"] = seen.calls.size();
      facts["observed_calls"] = seen.calls;
    });
    attempt(kFunctionsNote, [&] { functions.count(entry, facts); });
  });
}

}  // namespace husk::compare
