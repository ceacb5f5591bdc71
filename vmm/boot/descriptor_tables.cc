#include "vmm/boot/descriptor_tables.h"

#include <cstring>
#include <span>

#include "abi/x86_tables.h"

namespace husk::boot {
namespace {

constexpr std::uint8_t kTypeCode = 11;  // execute/read, accessed
constexpr std::uint8_t kTypeData = 3;   // read/write, accessed

}  // namespace

void write_gdt(const GuestMemory& memory, const abi::KernelNote& note) {
  memory.write(Gpa{abi::kGdtGpa}, abi::make_gdt(note.tss, note.tss_size));
}

void write_idt(const GuestMemory& memory, const abi::KernelNote& note, Ring ring) {
  const std::uint64_t stubs = ring == Ring::kRing0 ? note.vector_stubs_ring0 : note.vector_stubs_ring3;
  const std::span<std::byte> idt = memory.writable(Gpa{abi::kIdtGpa}, kIdtLimit + 1);
  for (std::uint64_t vector = 0; vector < abi::kIdtEntries; ++vector) {
    const auto gate = abi::make_interrupt_gate(vector, stubs + vector * note.vector_stub_size, ring == Ring::kRing0);
    std::memcpy(idt.data() + vector * sizeof gate, gate.data(), sizeof gate);
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
  segment.type = abi::kTypeBusyTss;
  segment.present = 1;
  return segment;
}

kvm_segment null_segment() {
  kvm_segment segment{};
  segment.unusable = 1;
  return segment;
}

}  // namespace husk::boot
