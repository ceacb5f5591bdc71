#include "vmm/boot/entry_state.h"

#include "abi/x86_tables.h"
#include "vmm/error.h"

namespace husk::boot {
namespace {

// SDM vol. 3, 11.4.4 and 11.12.1: the boot processor, enabled, in x2APIC mode.
constexpr std::uint64_t kApicBase = 0xfee0'0000 | (1 << 8) | (1 << 10) | (1 << 11);

// SDM vol. 4, table 2-2.
constexpr std::uint32_t kMsrStar = 0xc000'0081, kMsrLstar = 0xc000'0082, kMsrFmask = 0xc000'0084, kMsrX2apicSvr = 0x80f;
constexpr std::uint64_t kSvrEnabled = 1 << 8;
constexpr std::uint64_t kSpuriousVector = 0xff;

const kvm_cpuid_entry2* find(std::span<const kvm_cpuid_entry2> cpuid, std::uint32_t function, std::uint32_t index) {
  for (const kvm_cpuid_entry2& entry : cpuid) {
    if (entry.function == function && entry.index == index) return &entry;
  }
  return nullptr;
}

void set_segments(kvm_sregs& sregs, std::uint16_t code, std::uint16_t data) {
  sregs.cs = code_segment(code);
  sregs.ss = data_segment(data);
  // 64-bit code ignores the bases and limits of DS and ES. Null selectors, as Linux gives its processes.
  sregs.ds = sregs.es = sregs.fs = sregs.gs = null_segment();
}

}  // namespace

kvm_sregs long_mode_sregs(Gpa page_tables) {
  kvm_sregs sregs{};
  set_segments(sregs, abi::kKernelCs, abi::kKernelSs);
  sregs.ldt = null_segment();
  // TR must hold a busy TSS in 64-bit mode, or VMX refuses the entry (SDM vol. 3, 27.3.1.2).
  sregs.tr.type = 11;
  sregs.tr.present = 1;
  sregs.tr.limit = 0xffff;
  sregs.cr0 = abi::kCr0Pe | abi::kCr0Mp | abi::kCr0Et | abi::kCr0Ne | abi::kCr0Wp | abi::kCr0Am | abi::kCr0Pg;
  sregs.cr3 = page_tables.value;
  sregs.cr4 = abi::kCr4Pae | abi::kCr4Pge | abi::kCr4Osfxsr | abi::kCr4Osxmmexcpt;
  sregs.efer = abi::kEferSce | abi::kEferLme | abi::kEferLma | abi::kEferNxe;
  sregs.apic_base = kApicBase;
  return sregs;
}

CpuFeatures CpuFeatures::from_cpuid(std::span<const kvm_cpuid_entry2> cpuid) {
  CpuFeatures features;
  if (const auto* leaf = find(cpuid, 1, 0)) features.xsave = (leaf->ecx >> 26) & 1;
  if (const auto* leaf = find(cpuid, 7, 0)) {
    features.fsgsbase = leaf->ebx & 1;
    features.smep = (leaf->ebx >> 7) & 1;
    features.smap = (leaf->ebx >> 20) & 1;
  }
  if (const auto* leaf = find(cpuid, 0xd, 0)) features.xcr0 = leaf->eax | (std::uint64_t{leaf->edx} << 32);
  return features;
}

void set_entry_state(kvm::Vcpu& vcpu, const Entry& entry, const CpuFeatures& features) {
  const bool ring0 = entry.ring == Ring::kRing0;

  kvm_sregs sregs = long_mode_sregs(entry.page_tables);
  if (!ring0) set_segments(sregs, abi::kUserCs, abi::kUserSs);
  sregs.tr = task_segment(*entry.note);
  sregs.gdt.base = abi::kKernelBase + abi::kGdtGpa;
  sregs.gdt.limit = kGdtLimit;
  sregs.idt.base = abi::kKernelBase + abi::kIdtGpa;
  sregs.idt.limit = kIdtLimit;
  // The kernel relies on it: every CPU since 2012 has it. Where KVM emulates CPL 0, CPUID does not offer it but CPL 3
  // has it.
  sregs.cr4 |= abi::kCr4Fsgsbase;
  if (features.xsave) sregs.cr4 |= abi::kCr4Osxsave;
  // In ring 3 the kernel's own pages are user pages, so neither protection would let it run.
  if (ring0 && features.smep) sregs.cr4 |= abi::kCr4Smep;
  if (ring0 && features.smap) sregs.cr4 |= abi::kCr4Smap;
  vcpu.set_sregs(sregs);

  const kvm_msr_entry msrs[] = {
      {.index = kMsrStar, .reserved = 0, .data = abi::kStar},
      {.index = kMsrLstar, .reserved = 0, .data = entry.note->syscall_entry},
      {.index = kMsrFmask, .reserved = 0, .data = ring0 ? abi::kSyscallMaskRing0 : abi::kSyscallMaskRing3},
      // The local APIC starts software-disabled (SDM vol. 3, 11.4.3); enabled here, it takes MSIs from the start.
      {.index = kMsrX2apicSvr, .reserved = 0, .data = kSvrEnabled | kSpuriousVector},
  };
  vcpu.set_msrs(msrs);
  if (features.xsave && features.xcr0 != 0 && !vcpu.set_xcr0(features.xcr0)) {
    throw Error::from_errno("set", "the vCPU's XCR0");
  }

  kvm_regs regs{};
  regs.rip = entry.note->entry;
  regs.rsp = entry.note->boot_stack_top;
  regs.rdi = entry.device_tree.value;
  regs.rsi = ring0 ? 0 : 3;
  regs.rdx = entry.page_tables.value;
  regs.rflags = abi::kRflagsReserved | (ring0 ? 0 : abi::kRflagsIf);
  vcpu.set_regs(regs);
}

}  // namespace husk::boot
