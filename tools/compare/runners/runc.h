// runc, the runtime under Docker, containerd and Kubernetes, with the configuration that `runc spec` writes: pid,
// network, ipc, uts, mount and cgroup namespaces, three capabilities, no_new_privs, a control group; no seccomp filter.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Runc : public Runner {
 public:
  std::string name() const override { return "runc"; }
  Availability detect(const Workload& workload, const Context& context) const override;
  void prepare(const Workload& workload, const Context& context) override;
  std::vector<std::string> command(const Workload& workload, Phase phase) override;
  void clean_up() override;

 private:
  std::string bundle(Phase phase) const;

  std::string program_;
  std::filesystem::path bundles_;
  unsigned next_container_ = 0;
  std::string container_;  // of the last run
};

}  // namespace husk::compare
