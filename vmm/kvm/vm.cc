#include "vmm/kvm/vm.h"

#include <sys/ioctl.h>

#include "vmm/error.h"

namespace husk::kvm {

void Vm::add_memory(std::uint32_t slot, Gpa start, std::span<std::byte> host, SlotAccess access) {
  const kvm_userspace_memory_region region{
      .slot = slot,
      .flags = access == SlotAccess::kReadOnly ? static_cast<std::uint32_t>(KVM_MEM_READONLY) : 0,
      .guest_phys_addr = start.value,
      .memory_size = host.size(),
      .userspace_addr = reinterpret_cast<std::uintptr_t>(host.data()),
  };
  if (::ioctl(fd_.get(), KVM_SET_USER_MEMORY_REGION, &region) != 0) {
    throw Error::from_errno("give the virtual machine", std::to_string(host.size() >> 20) + " MiB of memory");
  }
}

void Vm::enable_split_irqchip() {
  kvm_enable_cap capability{};
  capability.cap = KVM_CAP_SPLIT_IRQCHIP;
  capability.args[0] = 0;  // I/O APIC pins that user space would emulate: none, all interrupts are MSIs
  if (::ioctl(fd_.get(), KVM_ENABLE_CAP, &capability) != 0) {
    throw Error::from_errno("enable", "KVM's split interrupt controller", "husk needs Linux 4.5 or later");
  }
}

Vcpu Vm::create_vcpu(std::size_t run_mapping_size) {
  UniqueFd fd(::ioctl(fd_.get(), KVM_CREATE_VCPU, 0UL));
  if (!fd) throw Error::from_errno("create", "a virtual CPU");
  return Vcpu(std::move(fd), run_mapping_size);
}

bool Vm::signal_msi(std::uint8_t vector) const {
  // SDM vol. 3, 11.11: the address selects physical destination APIC 0; the data is the vector, fixed delivery, edge.
  kvm_msi message{};
  message.address_lo = 0xfee0'0000;
  message.data = vector;
  return ::ioctl(fd_.get(), KVM_SIGNAL_MSI, &message) > 0;
}

}  // namespace husk::kvm
