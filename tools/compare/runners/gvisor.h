// gVisor's runsc: the payload's system calls go to a kernel in Go, the sentry, that is a process of the host's. Its
// platform decides how they get there: ptrace(2) (PTRACE_SYSEMU), or KVM with the sentry as the guest's kernel.
//
// Without a network and control groups (--network=none, --ignore-cgroups): the others' payloads have no network either,
// and this version knows only hosts whose control groups are those of systemd.
#pragma once

#include "tools/compare/runners/oci.h"

namespace husk::compare {

class GVisor : public OciRuntime {
 public:
  enum class Platform { kPtrace, kKvm };
  explicit GVisor(Platform platform);

  Isolation isolation() const override { return Isolation::kUserKernel; }
  Availability detect(const Context& context) const override;
  // Of the KVM platform one run is made, with a short limit of its own: where KVM is not hardware's it hangs, and would
  // take --timeout again and again.
  void prepare(const Context& context) override;
  // The sentry's monotonic clock begins with the sandbox.
  Timeline timeline(const std::string&) const override { return {}; }
  std::string why_not_traced() const override;
  bool limits_memory() const override { return false; }  // it does not configure control groups
  Boundary boundary(const std::vector<std::string>& command) const override;
  void clean_up() override;

 private:
  void probe();

  Platform platform_;
};

}  // namespace husk::compare
