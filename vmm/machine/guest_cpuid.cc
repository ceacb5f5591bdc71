#include "vmm/machine/guest_cpuid.h"

#include <algorithm>
#include <array>

namespace husk::machine {
namespace {

// SDM vol. 2, CPUID, table 3-8 (leaf 4, EAX[4:0] and [7:5]).
enum class CacheType : std::uint32_t { kNone = 0, kData = 1, kInstruction = 2, kUnified = 3 };

// SDM vol. 2, CPUID, table 3-12: descriptor bytes of leaf 2 for caches with lines of 64 bytes.
struct CacheDescriptor {
  std::uint8_t code;
  std::uint8_t level;
  CacheType type;
  std::uint32_t kilobytes;
};
constexpr std::array kDescriptors{
    CacheDescriptor{0x2c, 1, CacheType::kData, 32},       CacheDescriptor{0x30, 1, CacheType::kInstruction, 32},
    CacheDescriptor{0x7f, 2, CacheType::kUnified, 512},   CacheDescriptor{0x78, 2, CacheType::kUnified, 1024},
    CacheDescriptor{0x7d, 2, CacheType::kUnified, 2048},  CacheDescriptor{0xe2, 3, CacheType::kUnified, 2048},
    CacheDescriptor{0xe3, 3, CacheType::kUnified, 4096},  CacheDescriptor{0xe4, 3, CacheType::kUnified, 8192},
    CacheDescriptor{0xea, 3, CacheType::kUnified, 12288}, CacheDescriptor{0xeb, 3, CacheType::kUnified, 18432},
    CacheDescriptor{0xec, 3, CacheType::kUnified, 24576},
};

constexpr std::uint32_t kSeeLeaf4 = 0xff;
constexpr std::uint32_t kPrefetch64 = 0xf0;

bool all_zero(const kvm_cpuid_entry2& entry) {
  return entry.eax == 0 && entry.ebx == 0 && entry.ecx == 0 && entry.edx == 0;
}

// The descriptor of the largest cache of the right kind that is not larger than what this leaf 4 entry describes; 0 if
// there is none.
std::uint32_t descriptor_for(const kvm_cpuid_entry2& leaf4) {
  const auto type = static_cast<CacheType>(leaf4.eax & 0x1f);
  const std::uint32_t level = (leaf4.eax >> 5) & 7;
  const std::uint64_t ways = (leaf4.ebx >> 22) + 1;
  const std::uint64_t partitions = ((leaf4.ebx >> 12) & 0x3ff) + 1;
  const std::uint64_t line = (leaf4.ebx & 0xfff) + 1;
  const std::uint64_t kilobytes = ways * partitions * line * (std::uint64_t{leaf4.ecx} + 1) / 1024;
  std::uint32_t best = 0;
  std::uint64_t best_size = 0;
  for (const CacheDescriptor& descriptor : kDescriptors) {
    if (descriptor.level != level || descriptor.type != type) continue;
    if (line == 64 && descriptor.kilobytes <= kilobytes && descriptor.kilobytes > best_size) {
      best = descriptor.code;
      best_size = descriptor.kilobytes;
    }
  }
  return best;
}

// Leaf 2 with the caches listed. EAX[7:0] is 1: one execution tells all. Unchanged unless it refers to leaf 4 and every
// cache there has a descriptor.
void list_caches(kvm_cpuid_entry2& leaf2, std::span<const kvm_cpuid_entry2> entries) {
  const std::uint32_t registers[] = {leaf2.eax >> 8, leaf2.ebx, leaf2.ecx, leaf2.edx};
  const bool refers = std::ranges::any_of(registers, [](std::uint32_t value) {
    for (; value != 0; value >>= 8) {
      if ((value & 0xff) == kSeeLeaf4) return true;
    }
    return false;
  });
  if (!refers) return;

  std::array<std::uint32_t, 4> codes{};
  std::size_t count = 0;
  for (const kvm_cpuid_entry2& entry : entries) {
    if (entry.function != 4 || static_cast<CacheType>(entry.eax & 0x1f) == CacheType::kNone) continue;
    if (count == codes.size()) return;
    codes[count] = descriptor_for(entry);
    if (codes[count++] == 0) return;
  }
  if (count == 0) return;
  leaf2.eax = 0x01 | (codes[0] << 8) | (codes[1] << 16) | (codes[2] << 24);
  leaf2.ebx = codes[3] | (kPrefetch64 << 8);
  leaf2.ecx = 0;
  leaf2.edx = 0;
}

void make_one_processor(kvm_cpuid_entry2& entry) {
  switch (entry.function) {
    case 1:
      // EBX: one logical processor, initial APIC id 0. EDX: no HTT.
      entry.ebx = (entry.ebx & 0x0000'ffff) | (1 << 16);
      entry.edx &= ~(std::uint32_t{1} << 28);
      break;
    case 4:  // EAX[31:26], [25:14]: cores in the package and threads that share the cache, minus one
      entry.eax &= 0x3fff;
      break;
    case 0xb:  // extended topology: no levels, x2APIC id 0
    case 0x1f:
      entry.eax = entry.ebx = entry.edx = 0;
      entry.ecx &= 0xff;
      break;
    case 0x8000'0008:  // ECX[7:0]: threads in the package, minus one
      entry.ecx &= ~std::uint32_t{0xff};
      break;
    default:
      break;
  }
}

}  // namespace

std::vector<kvm_cpuid_entry2> guest_cpuid(std::span<const kvm_cpuid_entry2> supported, bool tsc_deadline_timer) {
  std::vector<kvm_cpuid_entry2> entries;
  for (kvm_cpuid_entry2 entry : supported) {
    make_one_processor(entry);
    if (entry.function == 1) {
      entry.ecx |= 1 << 21;  // x2APIC
      if (tsc_deadline_timer) entry.ecx |= 1 << 24;
    }
    if (entry.function == 2) list_caches(entry, supported);
    // An entry that is not there reads as zero as well, and every entry makes KVM_SET_CPUID2 slower.
    if (!all_zero(entry)) entries.push_back(entry);
  }
  return entries;
}

}  // namespace husk::machine
