#include "vmm/boot/ring_probe.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "abi/husk_abi.h"
#include "vmm/boot/entry_state.h"
#include "vmm/error.h"

extern "C" const std::byte husk_ring_probe[];
extern "C" const std::byte husk_ring_probe_end[];

namespace husk::boot {
namespace {

constexpr std::uint64_t kInstructions = 18;  // 16 NOPs, one RDTSC, one MOV between the two readings

// Four pages at the start of the boot area: three levels of tables that map the first 2 MiB at VA 0, and the code.
constexpr Gpa kTables{abi::kBootTablesGpa};
constexpr Gpa kCode{abi::kBootTablesGpa + 3 * abi::kPageSize};
constexpr std::uint64_t kTableFlags = 0x63;      // present, writable, accessed, dirty
constexpr std::uint64_t kLargePageFlags = 0xe3;  // the same, and a 2 MiB page

}  // namespace

double measure_cpl0_ticks_per_instruction(kvm::Vcpu& vcpu, const GuestMemory& memory) {
  const std::span<std::byte> pages = memory.writable(kTables, 4 * abi::kPageSize);
  if (pages.empty()) throw Error("measure", "the speed of CPL 0", "too little guest memory");
  memory.write(kTables, (kTables + abi::kPageSize).value | kTableFlags);
  memory.write(kTables + abi::kPageSize, (kTables + 2 * abi::kPageSize).value | kTableFlags);
  memory.write(kTables + 2 * abi::kPageSize, std::uint64_t{0} | kLargePageFlags);
  const std::span code(husk_ring_probe, husk_ring_probe_end);
  std::ranges::copy(code, memory.writable(kCode, code.size()).begin());

  vcpu.set_sregs(long_mode_sregs(kTables));
  kvm_regs regs{};
  regs.rip = kCode.value;
  regs.rflags = 2;
  vcpu.set_regs(regs);

  int result = 0;
  do {
    result = vcpu.run();
  } while (result == EINTR);
  if (result != 0 || vcpu.state().exit_reason != KVM_EXIT_IO) {
    throw Error("measure", "the speed of CPL 0", "the probe did not finish", "choose with --guest-ring 0 or 3");
  }
  const std::uint64_t ticks = vcpu.regs().r9;
  std::ranges::fill(pages, std::byte{0});
  return static_cast<double>(ticks) / kInstructions;
}

}  // namespace husk::boot
