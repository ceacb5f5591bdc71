// containerd, with runc: the engine below Docker and Kubernetes, driven by its own `ctr run`. A shim for each container,
// a daemon for all of them.
//
// The daemon is this comparison's own. It starts before the first run, and after one that was killed a new one does;
// its state lies in the scratch directory, without the plug-ins that `ctr run` has no use for (Kubernetes' CRI, the
// snapshotters of file systems, restarts).
#pragma once

#include <optional>

#include "tools/compare/process.h"
#include "tools/compare/runner.h"

namespace husk::compare {

class Containerd : public Runner {
 public:
  std::string name() const override { return "containerd"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  bool limits_memory() const override { return true; }
  void clean_up() override;
  std::vector<pid_t> daemons() const override;

 private:
  void start_daemon();
  std::vector<std::string> client() const;  // ctr, and where the daemon and its containers are

  std::filesystem::path directory_;
  std::string group_;  // containerd's name space, and the control group above those of its containers
  std::optional<Process> daemon_;
  unsigned next_ = 0;
};

}  // namespace husk::compare
