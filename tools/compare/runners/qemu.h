// QEMU's microvm machine with the guest kernel that husk embeds and the same image (docs/pvh.md): what of a VM's cost
// is the VMM's, and what the guest's.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Qemu : public Runner {
 public:
  enum class Variant {
    kUsual,       // "qemu": the image is a module (-initrd), which QEMU reads into the machine's memory
    kMapped,      // "qemu-mapped": a part of the machine's memory is the image's file, from the host's page cache
    kNoHugePages  // "qemu-no-thp": as usual, with memory of small pages only
  };
  explicit Qemu(Variant variant = Variant::kUsual) : variant_(variant) {}

  std::string name() const override;
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
  Boundary boundary(const std::vector<std::string>& command) const override;
  std::vector<std::string> interfaces(const std::vector<std::string>& command) const override;

 protected:
  std::string program_;
  std::string kernel_;
  std::string log_;

 private:
  Variant variant_;
  std::vector<std::string> before_;  // a program that executes QEMU, and its words
};

}  // namespace husk::compare
