// bubblewrap: what desktop sandboxes (Flatpak) use. All namespaces, /proc and a minimal /dev; no seccomp filter, no
// control group.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Bwrap : public Runner {
 public:
  std::string name() const override { return "bwrap"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;

 private:
  std::string program_;
};

}  // namespace husk::compare
