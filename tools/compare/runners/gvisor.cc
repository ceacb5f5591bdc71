#include "tools/compare/runners/gvisor.h"

#include <unistd.h>

#include "tools/compare/null_device.h"
#include "tools/compare/process.h"
#include "tools/compare/workload.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

// Some ten times what a start takes, on a busy machine too.
constexpr int kProbeMs = 5000;
constexpr int kPatienceMs = 500;

std::string name_of(GVisor::Platform platform) {
  return platform == GVisor::Platform::kKvm ? "gvisor-kvm" : "gvisor";
}

std::string option_of(GVisor::Platform platform) {
  return platform == GVisor::Platform::kKvm ? "--platform=kvm" : "--platform=ptrace";
}

}  // namespace

GVisor::GVisor(Platform platform)
    : OciRuntime(name_of(platform), "runsc", {option_of(platform), "--network=none", "--ignore-cgroups"}),
      platform_(platform) {}

Availability GVisor::detect(const Context& context) const {
  if (platform_ == Platform::kKvm && access("/dev/kvm", R_OK | W_OK) != 0) {
    return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  }
  return OciRuntime::detect(context);
}

void GVisor::prepare(const Context& context) {
  // It makes "nobody", who its sandbox runs as, the owner of its standard streams.
  if (!has_own_null_device()) {
    throw Error("run", name(), "it would change the owner of the host's /dev/null", "needs root with CAP_MKNOD");
  }
  OciRuntime::prepare(context);
  if (platform_ == Platform::kKvm) probe();
}

void GVisor::probe() {
  const Workload exits_at_once = embedded_workload(image::CacheDir::from_environment(), {"exit"}, {});
  Root root;
  root.image = exits_at_once.image;
  root.directory = exits_at_once.image;
  Invocation invocation;
  invocation.root = &root;
  invocation.argv = exits_at_once.start.argv;
  invocation.is_embedded = true;
  Process process = Process::start(command(invocation), Process::Streams::kNone);
  const bool has_ended = process.wait(kProbeMs);
  if (has_ended && process.exit_status() == 0) return;
  process.end();
  const Uninterruptible tidying;
  clean_up();
  throw Error("run", "a payload that exits at once in " + name(),
              has_ended ? "exit status " + std::to_string(process.exit_status()) + ": " + process.last_error_line()
                        : "it had not ended after " + std::to_string(kProbeMs / 1000) + " s",
              "it needs VMX or SVM; see husk doctor for what KVM is here");
}

std::string GVisor::why_not_traced() const {
  // ptrace(2): a process has one tracer at most.
  return platform_ == Platform::kPtrace ? "it traces the payload itself, so strace cannot watch it" : "";
}

Boundary GVisor::boundary(const std::vector<std::string>& command) const {
  // The sentry, and the gofer that opens files for it. `runsc run` only waits.
  return {.kind = Boundary::Kind::kProgram,
          .program = std::filesystem::canonical(command.at(0)),
          .arguments = {"boot", "gofer"}};
}

void GVisor::clean_up() {
  // Not `delete --force`: it waits ten seconds for a sandbox that is gone but whose parent has not yet asked for its
  // status. Sandbox and gofer are children of what was killed, so they are this process's by now.
  settle_orphans(kPatienceMs);
  std::error_code none;
  if (!state().empty()) std::filesystem::remove_all(state(), none);
}

}  // namespace husk::compare
