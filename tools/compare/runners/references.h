// The two limits that the runners are measured against.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

// posix_spawn of the payload itself: what a process costs with nobody in between.
class ForkExec : public Runner {
 public:
  std::string name() const override { return "fork-exec"; }
  Availability detect(const Workload& workload, const Context& context) const override;
  void prepare(const Workload& workload, const Context& context) override;
  std::vector<std::string> command(const Workload& workload, Phase phase) override;
  bool is_reference() const override { return true; }

 private:
  std::string program_;
};

// kvm_floor.cc: what a VM costs with nothing in it.
class KvmFloor : public Runner {
 public:
  static constexpr char kName[] = "kvm-floor";
  std::string name() const override { return kName; }
  Availability detect(const Workload& workload, const Context& context) const override;
  void prepare(const Workload& workload, const Context& context) override;
  std::vector<std::string> command(const Workload& workload, Phase phase) override;
  bool is_reference() const override { return true; }

 private:
  std::string program_;
};

}  // namespace husk::compare
