// husk's own ways to run a payload. Without -m, which would have `namespace` make its control groups while the clock
// runs: like `process` and bubblewrap it is born in one that was made before.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

// `husk run --isolation process` and `--isolation namespace`.
class HuskHost : public Runner {
 public:
  explicit HuskHost(std::string isolation) : isolation_(std::move(isolation)) {}
  std::string name() const override { return isolation_; }
  Isolation isolation() const override;
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  bool needs_directory(RootForm form) const override;
  bool opens_its_devices() const override { return isolation_ == "process"; }
  std::string objection(const Invocation& invocation) const override;

 private:
  std::string isolation_;
  std::string husk_;
  bool may_mount_ = false;
};

// `husk run --isolation vm`: as it is ("vm"), with the guest's kernel always in CPL 0 ("vm-ring0"), or with the VMM in
// namespaces of its own (`--jail full`, "vm-jailed").
class HuskVm : public Runner {
 public:
  static constexpr char kName[] = "vm";
  // `options` of `husk run`, besides those that measuring takes.
  HuskVm(std::string name, std::vector<std::string> options) : name_(std::move(name)), options_(std::move(options)) {}
  std::string name() const override { return name_; }
  Isolation isolation() const override { return Isolation::kVm; }
  bool needs_directory(RootForm) const override { return false; }
  bool limits_memory() const override { return true; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  // The payload does not share the host's clock here, so the moments come from husk, which converts the guest's TSC
  // readings (docs/stats.md).
  Timeline timeline(const std::string& output) const override;

  nlohmann::ordered_json vm_exits() const override;
  bool measures_host() const override { return true; }
  std::vector<std::string> interfaces(const std::vector<std::string>& command) const override;

 private:
  std::string name_;
  std::vector<std::string> options_;
  std::string husk_;
  std::string stats_file_;  // of the last run with wants_timeline or wants_vm_exits
};

}  // namespace husk::compare
