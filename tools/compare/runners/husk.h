// husk's own ways to run a payload.
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

 private:
  std::string isolation_;
  std::string husk_;
};

// `husk run --isolation vm`, in the privilege mode that husk chooses ("vm"), or always in CPL 0 ("vm-ring0").
class HuskVm : public Runner {
 public:
  enum class GuestRing { kAuto, kRing0 };
  static constexpr char kName[] = "vm";
  explicit HuskVm(GuestRing ring) : ring_(ring) {}
  std::string name() const override { return ring_ == GuestRing::kAuto ? kName : "vm-ring0"; }
  Isolation isolation() const override { return Isolation::kVm; }
  bool needs_image_file() const override { return true; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  // The payload does not share the host's clock here, so the moments come from husk, which converts the guest's TSC
  // readings (docs/stats.md).
  Timeline timeline(const std::string& output) const override;

  nlohmann::ordered_json vm_exits() const override;

 private:
  GuestRing ring_;
  std::string husk_;
  std::string stats_file_;  // of the last run with wants_timeline or wants_vm_exits
};

}  // namespace husk::compare
