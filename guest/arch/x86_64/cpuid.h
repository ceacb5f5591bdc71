// The CPUID instruction. Where KVM emulates CPL 0 it is an exit (30 us), so what it says is kept or not asked for.
#pragma once

#include <cstdint>

namespace kernel::arch {

struct CpuidResult {
  std::uint32_t eax, ebx, ecx, edx;
};

inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  CpuidResult r{};
  asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

}  // namespace kernel::arch
