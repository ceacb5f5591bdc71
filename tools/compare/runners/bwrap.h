// bubblewrap: what desktop sandboxes (Flatpak) use. All namespaces, /proc and a minimal /dev; no seccomp filter, no
// control group.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Bwrap : public Runner {
 public:
  std::string name() const override { return "bwrap"; }
  Availability detect(const Workload& workload, const Context& context) const override;
  void prepare(const Workload& workload, const Context& context) override;
  std::vector<std::string> command(const Workload& workload, Phase phase) override;

 private:
  std::string program_;
  std::string root_;
  std::string bind_;
};

}  // namespace husk::compare
