#include "tools/compare/isolation/vm_interfaces.h"

#include <algorithm>
#include <map>

namespace husk::compare {
namespace {

// "on", "split", "off" of a machine's kernel-irqchip; the machine's name when `property` is empty.
std::string machine_property(const std::string& machine, const std::string& property) {
  std::size_t begin = 0;
  while (begin <= machine.size()) {
    const std::size_t end = std::min(machine.find(',', begin), machine.size());
    const std::string word = machine.substr(begin, end - begin);
    if (property.empty()) return word;
    if (word.starts_with(property + "=")) return word.substr(property.size() + 1);
    begin = end + 1;
  }
  return {};
}

std::string counted(const std::string& name, unsigned count) {
  return count == 1 ? name : name + " x" + std::to_string(count);
}

}  // namespace

std::vector<std::string> kvm_interfaces(KernelIrqchip irqchip) {
  std::vector<std::string> interfaces = {
      "KVM: exits, instruction emulator, MSRs, CPUID, hypercalls, shadow or nested page tables"};
  if (irqchip != KernelIrqchip::kNone) interfaces.emplace_back("KVM: local APIC");
  if (irqchip == KernelIrqchip::kFull) interfaces.emplace_back("KVM: I/O APIC, PIC, PIT");
  return interfaces;
}

std::vector<std::string> husk_vm_interfaces() {
  std::vector<std::string> interfaces = {"control device", "virtio-console x3 (one with -t)", "virtio-rng",
                                         "root image and kernel in memory that files are mapped to"};
  for (std::string& one : kvm_interfaces(KernelIrqchip::kSplit)) interfaces.push_back(std::move(one));
  return interfaces;
}

std::vector<std::string> qemu_interfaces(const std::vector<std::string>& command) {
  std::string machine, accelerator;
  std::map<std::string, unsigned> devices;
  for (std::size_t i = 0; i + 1 < command.size(); ++i) {
    const std::string& option = command[i];
    const std::string& value = command[i + 1];
    if (option == "-M" || option == "-machine") machine = value;
    if (option == "-accel") accelerator = machine_property(value, "");
    if (option == "-device") ++devices[machine_property(value, "")];
    if (option == "-drive" || option == "-netdev" || option == "-nic" || option == "-virtfs" || option == "-fsdev") {
      ++devices[option.substr(1) + " " + machine_property(value, "")];
    }
  }
  if (accelerator.empty()) accelerator = machine_property(machine, "accel");
  std::vector<std::string> interfaces = {"machine " + machine_property(machine, "") + " with its fw_cfg"};
  for (const auto& [name, count] : devices) interfaces.push_back(counted(name, count));
  if (accelerator == "kvm") {
    const std::string irqchip = machine_property(machine, "kernel-irqchip");
    // QEMU's default is "on" for the x86 machines.
    const KernelIrqchip kind = irqchip == "split" ? KernelIrqchip::kSplit
                               : irqchip == "off" ? KernelIrqchip::kNone
                                                  : KernelIrqchip::kFull;
    for (std::string& one : kvm_interfaces(kind)) interfaces.push_back(std::move(one));
  } else {
    interfaces.emplace_back("QEMU's translator, which executes all of the guest's instructions");
  }
  return interfaces;
}

}  // namespace husk::compare
