#include "vmm/machine/host_probe.h"

#include <optional>
#include <utility>

#include "abi/husk_abi.h"
#include "vmm/boot/ring_probe.h"
#include "vmm/machine/guest_cpuid.h"
#include "vmm/machine/guest_ram.h"

namespace husk::machine {

HostProfile measure_host_profile(const kvm::System& system) {
  const GuestRam ram(abi::kKernelGpa, 0);
  kvm::Vm vm = system.create_vm();
  vm.add_memory(0, Gpa{0}, ram.host(ram.ranges()[0]), kvm::SlotAccess::kReadWrite);
  vm.enable_split_irqchip();
  kvm::Vcpu vcpu = vm.create_vcpu(system.vcpu_mapping_size());

  HostProfile profile;
  profile.cpuid = guest_cpuid(system.supported_cpuid(), system.check_extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0);
  vcpu.set_cpuid(profile.cpuid);
  // Read back: a KVM that cannot hide a feature from the guest adds it to what was set.
  profile.features = boot::CpuFeatures::from_cpuid(vcpu.cpuid());
  profile.tsc_khz = vcpu.tsc_khz();
  profile.cpl0_ticks_per_instruction = boot::measure_cpl0_ticks_per_instruction(vcpu, ram.memory());
  return profile;
}

HostProfile host_profile(const kvm::System& system, const cache::CacheDir& cache) {
  if (std::optional<HostProfile> known = load_host_profile(system, cache)) return std::move(*known);
  HostProfile profile = measure_host_profile(system);
  store_host_profile(system, profile, cache);
  return profile;
}

}  // namespace husk::machine
