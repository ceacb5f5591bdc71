// husk's own ways to run a payload.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

// `husk run --isolation process` and `--isolation namespace`.
class HuskHost : public Runner {
 public:
  explicit HuskHost(std::string isolation) : isolation_(std::move(isolation)) {}
  std::string name() const override { return isolation_; }
  Availability detect(const Workload& workload, const Context& context) const override;
  void prepare(const Workload& workload, const Context& context) override;
  std::vector<std::string> command(const Workload& workload, Phase phase) override;

 protected:
  std::string husk_;
  std::string image_;

 private:
  std::string isolation_;
};

// `husk run --isolation vm`. The payload does not share the host's clock here, so the moment of its first instruction
// comes from husk, which converts the guest's TSC reading (docs/stats.md).
class HuskVm : public HuskHost {
 public:
  HuskVm() : HuskHost("vm") {}
  Availability detect(const Workload& workload, const Context& context) const override;
  void prepare(const Workload& workload, const Context& context) override;
  std::vector<std::string> command(const Workload& workload, Phase phase) override;
  std::optional<std::uint64_t> first_instruction(const std::string& output) const override;
  std::optional<std::uint64_t> guest_boot() const override;

 private:
  std::optional<std::uint64_t> statistic(const char* name) const;
  std::string stats_file_;
};

}  // namespace husk::compare
