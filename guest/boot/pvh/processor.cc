#include "boot/pvh/processor.h"

#include "boot/pvh/cpuid.h"
#include "boot/pvh/gate.h"

namespace kernel::pvh {
namespace {

constexpr std::uint32_t kMsrApicBase = 0x1b;  // SDM vol. 3, 11.4.4 and 11.12.1
constexpr std::uint64_t kApicEnabled = 1 << 11, kX2apicMode = 1 << 10;
constexpr std::uint32_t kMsrX2apicSvr = 0x80f, kMsrX2apicLint0 = 0x835;
constexpr std::uint64_t kSvrEnabled = 1 << 8, kSpuriousVector = 0xff, kLvtMasked = 1 << 16;

}  // namespace

Features find_features() {
  Features features;
  const CpuidResult basic = cpuid(1);
  features.x2apic = (basic.ecx >> 21) & 1;
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

void enable_local_apic() {
  write_msr(kMsrApicBase, read_msr(kMsrApicBase) | kApicEnabled | kX2apicMode);
  write_msr(kMsrX2apicLint0, kLvtMasked);  // whatever an 8259 may still have to say
  write_msr(kMsrX2apicSvr, kSvrEnabled | kSpuriousVector);
}

}  // namespace kernel::pvh
