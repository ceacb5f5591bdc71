// The two limits that the runners are measured against.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

// posix_spawn of the payload itself: what a process costs with nobody in between.
class ForkExec : public Runner {
 public:
  std::string name() const override { return "fork-exec"; }
  Isolation isolation() const override { return Isolation::kNone; }
  Availability detect(const Context& context) const override;
  std::string objection(const Invocation& invocation) const override;
  std::vector<std::string> command(const Invocation& invocation) override;
  bool is_reference() const override { return true; }
};

// kvm_floor.cc: what a VM costs with nothing in it.
class KvmFloor : public Runner {
 public:
  static constexpr char kName[] = "kvm-floor";
  std::string name() const override { return kName; }
  Isolation isolation() const override { return Isolation::kVm; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  bool is_reference() const override { return true; }
  bool needs_directory(RootForm) const override { return false; }  // nor any other root

 private:
  std::string program_;
};

}  // namespace husk::compare
