// What a guest can talk to besides system calls that its VMM makes: KVM in the host's kernel, and devices. The host cannot
// show it (/proc knows descriptors, not devices), so it is documented here, or read from the VMM's command line.
#pragma once

#include <string>
#include <vector>

namespace husk::compare {

// What of the interrupt controllers KVM models in the host's kernel (KVM_CAP_SPLIT_IRQCHIP, KVM_CREATE_IRQCHIP and
// KVM_CREATE_PIT2 in the kernel's Documentation/virt/kvm/api.rst).
enum class KernelIrqchip { kNone, kSplit, kFull };

// KVM's own part, which any code in the guest reaches without the VMM.
std::vector<std::string> kvm_interfaces(KernelIrqchip irqchip);

// husk's VM: the devices of docs/devices.md.
std::vector<std::string> husk_vm_interfaces();

// QEMU's, from its command line: the machine, what -device, -drive, -netdev and the like add.
std::vector<std::string> qemu_interfaces(const std::vector<std::string>& command);

}  // namespace husk::compare
