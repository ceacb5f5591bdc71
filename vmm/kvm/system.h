// /dev/kvm: what the host's KVM can do, and the maker of virtual machines.
#pragma once

#include <cstdint>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/kvm/api.h"
#include "vmm/kvm/vm.h"

namespace husk::kvm {

class System {
 public:
  // Opens /dev/kvm and checks the API version. Throws husk::Error that says what to do when the device is missing, not
  // permitted, or not KVM.
  static System open();

  int fd() const { return fd_.get(); }

  // KVM_CHECK_EXTENSION: 0 when absent, otherwise the capability's value.
  int check_extension(std::uint32_t capability) const;

  // KVM_GET_SUPPORTED_CPUID: every leaf that KVM can give a guest. Slow where CPUID itself traps (0.4 ms for a host
  // that is a virtual machine), so callers keep the answer (vmm/machine/host_profile.h).
  std::vector<kvm_cpuid_entry2> supported_cpuid() const;

  // KVM_GET_VCPU_MMAP_SIZE: the size of a vCPU's shared state.
  std::size_t vcpu_mapping_size() const;

  Vm create_vm() const;

 private:
  explicit System(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace husk::kvm
