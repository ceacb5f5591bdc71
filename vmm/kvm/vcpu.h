// One virtual CPU: its registers, and KVM_RUN.
//
// Threading: used by the thread that runs it, except request_exit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/mapping.h"
#include "common/unique_fd.h"
#include "vmm/kvm/api.h"

namespace husk::kvm {

class Vcpu {
 public:
  Vcpu(UniqueFd fd, std::size_t run_mapping_size);

  int fd() const { return fd_.get(); }

  void set_cpuid(std::span<const kvm_cpuid_entry2> entries);
  kvm_sregs sregs() const;
  void set_sregs(const kvm_sregs& sregs);
  kvm_regs regs() const;
  void set_regs(const kvm_regs& regs);
  // Throws, naming the register, when KVM does not take one of them.
  void set_msrs(std::span<const kvm_msr_entry> entries);
  // XCR0. False when KVM does not take the value.
  bool set_xcr0(std::uint64_t value);
  std::uint32_t tsc_khz() const;
  std::uint64_t tsc() const;  // what RDTSC in the guest would return now

  // KVM_RUN. 0, or the errno: EINTR after a signal or request_exit, anything else is a failure of KVM.
  int run();
  // What KVM_RUN left: the exit reason and its data. Shared with the kernel, not with the guest.
  kvm_run& state() { return *reinterpret_cast<kvm_run*>(run_.data()); }

  // Makes the running or the next KVM_RUN return EINTR at once, until `clear_exit_request`. Closes the race between
  // a check and KVM_RUN: a signal handler on the vCPU's own thread calls it, so that a signal that arrives just before
  // KVM_RUN is not slept over. Async-signal-safe.
  void request_exit() { set_immediate_exit(1); }
  void clear_exit_request() { set_immediate_exit(0); }

 private:
  void set_immediate_exit(std::uint8_t value) {
    __atomic_store_n(&reinterpret_cast<kvm_run*>(run_.data())->immediate_exit, value, __ATOMIC_SEQ_CST);
  }

  UniqueFd fd_;
  Mapping run_;
};

}  // namespace husk::kvm
