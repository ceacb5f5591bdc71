#include "boot/pvh/local_apic.h"

#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/xapic.h"
#include "boot/pvh/gate.h"
#include "drivers/mmio.h"
#include "lib/string.h"
#include "lib/tsc.h"

#pragma GCC visibility push(hidden)
extern "C" {
extern std::byte ring0_end_of_interrupt[], ring3_end_of_interrupt[];            // arch/x86_64/entry.S
extern const std::byte xapic_end_of_interrupt[], xapic_end_of_interrupt_end[];  // boot/pvh/entry.S
}
#pragma GCC visibility pop

namespace kernel::pvh {
namespace {

using arch::cpuid;

constexpr std::uint32_t kMsrApicBase = 0x1b;  // SDM vol. 3, 11.4.4 and 11.12.1
constexpr std::uint64_t kApicEnabled = 1 << 11, kX2apicMode = 1 << 10;
constexpr std::uint32_t kMsrX2apicSvr = 0x80f, kMsrX2apicLint0 = 0x835;
constexpr std::uint32_t kSvrEnabled = 1 << 8, kSpuriousVector = 0xff, kLvtMasked = 1 << 16;

std::uint32_t read_xapic(std::uint64_t offset) {
  return drivers::read_register(arch::kXapicGpa + offset);
}
void write_xapic(std::uint64_t offset, std::uint32_t value) {
  drivers::write_register(arch::kXapicGpa + offset, value);
}

// How far the timer counts down while the TSC counts 10 ms.
std::uint64_t measure_timer_khz(std::uint32_t tsc_khz) {
  constexpr std::uint64_t kMilliseconds = 10;
  constexpr std::uint32_t kStart = 0xffff'ffff;
  write_xapic(arch::kXapicDivide, arch::kXapicDivideBy1);
  write_xapic(arch::kXapicLvtTimer, kLvtMasked);
  const std::uint64_t start = read_tsc();
  write_xapic(arch::kXapicInitialCount, kStart);
  std::uint64_t elapsed;
  do {
    elapsed = read_tsc() - start;
  } while (elapsed < kMilliseconds * tsc_khz);
  const std::uint64_t count = kStart - read_xapic(arch::kXapicCurrentCount);
  write_xapic(arch::kXapicInitialCount, 0);
  return count * tsc_khz / elapsed;
}

}  // namespace

Problem enable_local_apic(std::uint32_t tsc_khz, LocalApic& apic) {
  constexpr std::uint32_t kX2apic = 1u << 21, kTscDeadline = 1u << 24;
  constexpr std::uint32_t kWanted = kX2apic | kTscDeadline;
  if ((cpuid(1).ecx & kWanted) == kWanted) {
    write_msr(kMsrApicBase, read_msr(kMsrApicBase) | kApicEnabled | kX2apicMode);
    write_msr(kMsrX2apicLint0, kLvtMasked);  // whatever an 8259 may still have to say
    write_msr(kMsrX2apicSvr, kSvrEnabled | kSpuriousVector);
    return {};
  }
  write_xapic(arch::kXapicLvtLint0, kLvtMasked);
  write_xapic(arch::kXapicSvr, kSvrEnabled | kSpuriousVector);
  const std::uint64_t khz = measure_timer_khz(tsc_khz);
  if (khz == 0 || khz > 0xffff'ffff) return {"the local APIC's timer does not count", ""};
  apic.xapic_timer_khz = static_cast<std::uint32_t>(khz);
  const auto size = static_cast<std::size_t>(xapic_end_of_interrupt_end - xapic_end_of_interrupt);
  memcpy(ring0_end_of_interrupt, xapic_end_of_interrupt, size);
  memcpy(ring3_end_of_interrupt, xapic_end_of_interrupt, size);
  return {};
}

}  // namespace kernel::pvh
