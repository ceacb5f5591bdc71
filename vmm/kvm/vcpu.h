// One virtual CPU: its registers, and KVM_RUN.
//
// Threading: used by the thread that runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/mapping.h"
#include "common/unique_fd.h"
#include "vmm/kvm/api.h"

namespace husk::kvm {

class Vcpu {
 public:
  Vcpu(UniqueFd fd, std::size_t run_mapping_size);

  int fd() const { return fd_.get(); }

  void set_cpuid(std::span<const kvm_cpuid_entry2> entries);
  // What the guest's CPUID returns. May differ from what was set: a KVM that cannot hide a feature adds it.
  std::vector<kvm_cpuid_entry2> cpuid() const;
  kvm_sregs sregs() const;
  void set_sregs(const kvm_sregs& sregs);
  kvm_regs regs() const;
  void set_regs(const kvm_regs& regs);
  // Throws, naming the register, when KVM does not take one of them.
  void set_msrs(std::span<const kvm_msr_entry> entries);
  // XCR0. False when KVM does not take the value.
  bool set_xcr0(std::uint64_t value);
  // The vector registers, as an XSAVE image of the standard format. False when KVM refuses.
  bool save_vectors(std::span<std::byte, sizeof(kvm_xsave)> image) const;
  bool load_vectors(std::span<const std::byte, sizeof(kvm_xsave)> image);
  std::uint32_t tsc_khz() const;
  std::uint64_t tsc() const;  // what RDTSC in the guest would return now

  // KVM_RUN. 0, or the errno: EINTR after a signal, anything else is a failure of KVM.
  int run();
  // What KVM_RUN left: the exit reason and its data. Shared with the kernel, not with the guest.
  kvm_run& state() { return *reinterpret_cast<kvm_run*>(run_.data()); }

 private:
  UniqueFd fd_;
  Mapping run_;
};

}  // namespace husk::kvm
