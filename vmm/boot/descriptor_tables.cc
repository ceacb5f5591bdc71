#include "vmm/boot/descriptor_tables.h"

#include <array>
#include <cstring>
#include <span>

namespace husk::boot {
namespace {

// SDM vol. 3, 3.4.5: flat segments; "accessed" is set, so that loading one never writes the table.
constexpr std::uint64_t kCode64Dpl0 = 0x00af'9b00'0000'ffff;
constexpr std::uint64_t kDataDpl0 = 0x00cf'9300'0000'ffff;
constexpr std::uint64_t kCode32Dpl3 = 0x00cf'fb00'0000'ffff;
constexpr std::uint64_t kDataDpl3 = 0x00cf'f300'0000'ffff;
constexpr std::uint64_t kCode64Dpl3 = 0x00af'fb00'0000'ffff;

constexpr std::uint8_t kTypeCode = 11;     // execute/read, accessed
constexpr std::uint8_t kTypeData = 3;      // read/write, accessed
constexpr std::uint8_t kTypeBusyTss = 11;  // what TR must hold (SDM vol. 3, 8.7: 64-bit TSS, busy)
constexpr std::uint8_t kTypeInterruptGate = 14;

constexpr std::size_t slot(std::uint16_t selector) {
  return selector >> 3;
}

}  // namespace

void write_gdt(const GuestMemory& memory, const abi::KernelNote& note) {
  std::array<std::uint64_t, (kGdtLimit + 1) / 8> gdt{};
  gdt[slot(abi::kKernelCs)] = kCode64Dpl0;
  gdt[slot(abi::kKernelSs)] = kDataDpl0;
  gdt[slot(abi::kUserCs32)] = kCode32Dpl3;
  gdt[slot(abi::kUserSs)] = kDataDpl3;
  gdt[slot(abi::kUserCs)] = kCode64Dpl3;
  // SDM vol. 3, figure 8-4: a TSS descriptor takes two entries.
  const std::uint64_t base = note.tss;
  const std::uint64_t limit = note.tss_size - 1;
  gdt[slot(abi::kTssSelector)] = (limit & 0xffff) | ((base & 0xff'ffff) << 16) |
                                 (std::uint64_t{0x80 | kTypeBusyTss} << 40) | (((limit >> 16) & 0xf) << 48) |
                                 (((base >> 24) & 0xff) << 56);
  gdt[slot(abi::kTssSelector) + 1] = base >> 32;
  memory.write(Gpa{abi::kGdtGpa}, gdt);
}

void write_idt(const GuestMemory& memory, const abi::KernelNote& note, Ring ring) {
  const std::uint64_t stubs = ring == Ring::kRing0 ? note.vector_stubs_ring0 : note.vector_stubs_ring3;
  const std::span<std::byte> idt = memory.at(Gpa{abi::kIdtGpa}, kIdtLimit + 1);
  for (std::uint64_t vector = 0; vector < 256; ++vector) {
    // INT3 and INTO may come from the user (SDM vol. 3, 6.12.1.2); everything else only from the processor.
    const std::uint64_t dpl = vector == 3 || vector == 4 ? 3 : 0;
    const std::uint64_t target = stubs + vector * note.vector_stub_size;
    // SDM vol. 3, figure 6-8: a 64-bit interrupt gate.
    const std::uint64_t gate[2] = {(target & 0xffff) | (std::uint64_t{abi::kKernelCs} << 16) |
                                       ((0x80 | (dpl << 5) | kTypeInterruptGate) << 40) |
                                       (((target >> 16) & 0xffff) << 48),
                                   target >> 32};
    std::memcpy(idt.data() + vector * sizeof gate, gate, sizeof gate);
  }
}

kvm_segment code_segment(std::uint16_t selector) {
  kvm_segment segment{};
  segment.limit = 0xffff'ffff;
  segment.selector = selector;
  segment.type = kTypeCode;
  segment.present = 1;
  segment.dpl = selector & 3;
  segment.s = 1;
  segment.l = 1;
  segment.g = 1;
  return segment;
}

kvm_segment data_segment(std::uint16_t selector) {
  kvm_segment segment = code_segment(selector);
  segment.type = kTypeData;
  segment.l = 0;
  segment.db = 1;
  return segment;
}

kvm_segment task_segment(const abi::KernelNote& note) {
  kvm_segment segment{};
  segment.base = note.tss;
  segment.limit = static_cast<std::uint32_t>(note.tss_size - 1);
  segment.selector = abi::kTssSelector;
  segment.type = kTypeBusyTss;
  segment.present = 1;
  return segment;
}

kvm_segment null_segment() {
  kvm_segment segment{};
  segment.unusable = 1;
  return segment;
}

}  // namespace husk::boot
