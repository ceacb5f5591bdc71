#include "boot/pvh/processor.h"

#include "arch/x86_64/cpuid.h"

namespace kernel::pvh {

using arch::cpuid;
using arch::CpuidResult;
Features find_features() {
  Features features;
  const CpuidResult basic = cpuid(1);
  features.xsave = (basic.ecx >> 26) & 1;
  const std::uint32_t highest = cpuid(0).eax;
  if (highest >= 7) {
    const CpuidResult extended = cpuid(7);
    features.smep = (extended.ebx >> 7) & 1;
    features.smap = (extended.ebx >> 20) & 1;
  }
  if (features.xsave && highest >= 0xd) {
    const CpuidResult state = cpuid(0xd);
    features.xcr0 = (std::uint64_t{state.edx} << 32) | state.eax;
  }
  return features;
}

Problem read_seed(Seed& seed) {
  constexpr std::uint32_t kRdrand = 1u << 30;
  if (!(cpuid(1).ecx & kRdrand)) {
    return {"no source of random numbers: the processor has no RDRAND", ""};
  }
  constexpr unsigned kTries = 10;  // SDM vol. 1, 7.3.17.1
  for (std::uint64_t& word : seed) {
    bool ok = false;
    for (unsigned i = 0; i < kTries && !ok; ++i) asm volatile("rdrand %0" : "=r"(word), "=@ccc"(ok));
    if (!ok) return {"no source of random numbers: RDRAND gives none", ""};
  }
  return {};
}

}  // namespace kernel::pvh
