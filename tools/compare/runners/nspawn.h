// systemd-nspawn: what systemd brings along to run a container. All namespaces but the user's, a list of 24
// capabilities, a seccomp filter, groups for payload and supervisor below the caller's.
//
// Not registered with systemd-machined and in no unit of its own (--register=no, --keep-unit): systemd need not be the
// host's init, and a start does not wait for D-Bus.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Nspawn : public Runner {
 public:
  std::string name() const override { return "nspawn"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  void clean_up() override;

 private:
  std::string program_;
  unsigned next_ = 0;
};

}  // namespace husk::compare
