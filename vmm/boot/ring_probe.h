// Measures how fast the guest runs in CPL 0. Hardware virtualization (VMX, SVM) runs it natively; a KVM without
// hardware (kvm_pvm, for example) emulates it, instruction by instruction, hundreds of times slower than CPL 3. The
// guest kernel must then keep out of CPL 0.
#pragma once

#include "common/guest_memory.h"
#include "vmm/boot/descriptor_tables.h"
#include "vmm/kvm/vcpu.h"

namespace husk::boot {

// TSC ticks per CPL 0 instruction in this VM. Uses, and clears, guest memory below abi::kKernelGpa: run it before the
// boot tables are written, with the vCPU's CPUID set. Throws husk::Error if the guest does not finish.
double measure_cpl0_ticks_per_instruction(kvm::Vcpu& vcpu, const GuestMemory& memory);

// Natively an instruction takes about one tick; in a software CPU (QEMU's TCG) 10 to 50; emulated by KVM 700 and more.
inline constexpr double kEmulatedTicksPerInstruction = 250;

inline Ring best_ring(double ticks_per_instruction) {
  return ticks_per_instruction >= kEmulatedTicksPerInstruction ? Ring::kRing3 : Ring::kRing0;
}

}  // namespace husk::boot
