// One virtual machine as KVM sees it: memory slots, the local APIC's routing, message-signalled interrupts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/address.h"
#include "common/unique_fd.h"
#include "vmm/kvm/api.h"
#include "vmm/kvm/vcpu.h"

namespace husk::kvm {

enum class SlotAccess { kReadWrite, kReadOnly };

class Vm {
 public:
  explicit Vm(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // KVM_SET_USER_MEMORY_REGION. `host` must be page-aligned, outlive the VM, and not overlap another slot. All slots
  // before enable_split_irqchip: a slot added later costs milliseconds (it waits for an SRCU grace period).
  void add_memory(std::uint32_t slot, Gpa start, std::span<std::byte> host, SlotAccess access);

  // KVM_CAP_SPLIT_IRQCHIP: local APIC in the kernel, no PIC, I/O APIC or PIT. Before the first vCPU. (The full
  // in-kernel irqchip registers bus devices, whose removal makes the end of the VM wait 15 ms.)
  void enable_split_irqchip();

  Vcpu create_vcpu(std::size_t run_mapping_size);

  // KVM_SIGNAL_MSI to the local APIC with id 0. Any thread; async-signal-safe. False if the interrupt was not taken
  // (its APIC is disabled).
  bool signal_msi(std::uint8_t vector) const;

 private:
  UniqueFd fd_;
};

}  // namespace husk::kvm
