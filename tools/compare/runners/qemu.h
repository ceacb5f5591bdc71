// QEMU's microvm machine with the guest kernel that husk embeds and the same image (docs/pvh.md): what of a VM's cost
// is the VMM's, and what the guest's.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Qemu : public Runner {
 public:
  std::string name() const override { return "qemu"; }
  Isolation isolation() const override { return Isolation::kVm; }
  bool needs_directory(RootForm) const override { return false; }
  bool limits_memory() const override { return true; }
  std::string objection(const Invocation& invocation) const override;
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  // The guest's clock is not the host's, and QEMU does not say how they relate.
  Timeline timeline(const std::string&) const override { return {}; }
  int payload_status(int exit_status) const override;
  // QEMU's consoles know no end of file.
  bool hands_on_end_of_input() const override { return false; }
  std::vector<std::string> interfaces(const std::vector<std::string>& command) const override;

 protected:
  std::string program_;
  std::string kernel_;
  std::string log_;
};

}  // namespace husk::compare
