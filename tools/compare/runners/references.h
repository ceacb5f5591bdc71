// The limits that the runners are measured against.
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

// kvm_floor.cc: what a VM costs with nothing in it, with the kind of interrupt controller that makes it cheapest here.
class KvmFloor : public Runner {
 public:
  static constexpr char kName[] = "kvm-floor";
  std::string name() const override { return kName; }
  Isolation isolation() const override { return Isolation::kVm; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  Choice choice() const override { return choice_; }
  std::vector<std::string> command(const Invocation& invocation) override;
  bool is_reference() const override { return true; }
  bool needs_directory(RootForm) const override { return false; }  // nor any other root

 private:
  std::string program_;
  Choice choice_;
};

// kvm_floor_irqfd.cc: the same in an ordinary static program, with an interrupt that an eventfd raises.
class KvmFloorIrqfd : public Runner {
 public:
  std::string name() const override { return "kvm-floor-irqfd"; }
  Isolation isolation() const override { return Isolation::kVm; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation&) override { return {program_}; }
  bool is_reference() const override { return true; }
  bool needs_directory(RootForm) const override { return false; }

 private:
  std::string program_;
};

}  // namespace husk::compare
