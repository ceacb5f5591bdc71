// What is commonly meant by a VM for each container: Debian's cloud kernel and an initramfs with little in it, in QEMU's
// microvm machine, with the same root image as a virtio block device. Its first process (linux_vm/init.cc) stands for
// the agent that such systems have: it mounts the image with a tmpfs over it, runs the payload, and ends the machine.
//
// "linux-vm" has KVM. Where KVM emulates CPL 0 it would take minutes, so there it is a row that says so, and
// "linux-vm-tcg" is one more: the same kernel and initramfs on QEMU's software processor, whose times are to be compared
// with nothing.
#pragma once

#include <optional>

#include "tools/compare/linux_vm/boot_files.h"
#include "tools/compare/runner.h"

namespace husk::compare {

class LinuxVm : public Runner {
 public:
  enum class Processor { kKvm, kSoftware };
  explicit LinuxVm(Processor processor) : processor_(processor) {}

  std::string name() const override { return processor_ == Processor::kKvm ? "linux-vm" : "linux-vm-tcg"; }
  Isolation isolation() const override { return Isolation::kVm; }
  bool needs_directory(RootForm) const override { return false; }
  bool limits_memory() const override { return true; }
  std::string why_no_times() const override {
    return processor_ == Processor::kSoftware ? "not measured: its processor is emulated in software" : "";
  }
  std::string objection(const Invocation& invocation) const override;
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  // The guest's clock is not the host's.
  Timeline timeline(const std::string&) const override { return {}; }
  // Of the software processor: the instructions that the guest executed.
  nlohmann::ordered_json vm_exits() const override;
  int payload_status(int exit_status) const override;
  std::vector<std::string> interfaces(const std::vector<std::string>& command) const override;

 private:
  struct Machine {
    std::vector<std::string> words;  // of QEMU's command line
    std::string disk;                // device models
    std::string ports;
  };
  Machine machine() const;

  Processor processor_;
  std::filesystem::path directory_;
  std::filesystem::path counter_;  // linux_vm/count_instructions.cc
  std::optional<linux_vm::Initramfs> initramfs_;
};

}  // namespace husk::compare
