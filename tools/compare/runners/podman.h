// podman, with runc: what a container engine without a daemon adds to its runtime. A monitor (conmon) for each
// container, a data base, a seccomp filter and its own default capabilities.
//
// Everything it keeps lies in the scratch directory; its control groups under one of this comparison's.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Podman : public Runner {
 public:
  std::string name() const override { return "podman"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  bool has_detached_form() const override { return true; }
  std::filesystem::path detached_output() const override { return detached_output_; }
  void clean_up() override;
  bool limits_memory() const override { return true; }

 private:
  std::vector<std::string> engine_;  // podman and its options that say where everything is
  std::string group_;                // the name of the control group above those of its containers
  std::filesystem::path logs_;       // of detached containers
  std::filesystem::path detached_output_;
  unsigned next_log_ = 0;
};

}  // namespace husk::compare
