// The frequency of the TSC and the time of day. Sources, the best first:
//   frequency  the command line; CPUID 0x40000010 (VMware's, which QEMU offers with +invtsc); kvm-clock; CPUID 0x15;
//              measured against the PIT
//   time       kvm-clock; the CMOS clock
#include "arch/x86_64/cpuid.h"
#include "boot/pvh/gate.h"
#include "boot/pvh/processor.h"
#include "lib/time.h"
#include "lib/tsc.h"
#include "mm/address.h"

namespace kernel::pvh {
namespace {

using arch::cpuid;
using arch::CpuidResult;

// ---------------------------------------------------------------- kvm-clock: Documentation/virt/kvm/x86/msr.rst
constexpr std::uint32_t kHypervisorLeaf = 0x4000'0000;
constexpr std::uint32_t kKvmFeaturesLeaf = 0x4000'0001;
constexpr std::uint32_t kTscFrequencyLeaf = 0x4000'0010;
constexpr std::uint32_t kKvmClockSource2 = 1 << 3;
constexpr std::uint32_t kMsrKvmWallClock = 0x4b56'4d00;
constexpr std::uint32_t kMsrKvmSystemTime = 0x4b56'4d01;
constexpr std::uint64_t kSystemTimeEnabled = 1;

struct SystemTime {  // struct pvclock_vcpu_time_info
  std::uint32_t version;
  std::uint32_t padding;
  std::uint64_t tsc_timestamp;
  std::uint64_t system_time;
  std::uint32_t tsc_to_system_mul;
  std::int8_t tsc_shift;
  std::uint8_t flags;
  std::uint8_t padding2[2];
};
static_assert(sizeof(SystemTime) == 32);
struct WallClock {  // struct pvclock_wall_clock
  std::uint32_t version;
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
};

// Not across a page boundary, as KVM demands.
alignas(64) SystemTime system_time_;
alignas(64) WallClock wall_clock_;

// "KVMKVMKVM\0\0\0"
bool is_kvm() {
  const CpuidResult leaf = cpuid(kHypervisorLeaf);
  return leaf.ebx == 0x4b4d'564b && leaf.ecx == 0x564b'4d56 && leaf.edx == 0x4d;
}

// Both are written by KVM before the guest runs on. The system time goes off again: nothing reads it later, and the
// memory will be the kernel's.
bool read_kvm_clock(std::uint64_t& tsc_khz, std::uint64_t& realtime_ns, std::uint64_t& tsc) {
  if (!is_kvm() || !(cpuid(kKvmFeaturesLeaf).eax & kKvmClockSource2)) return false;
  write_msr(kMsrKvmSystemTime, mm::physical_of(&system_time_) | kSystemTimeEnabled);
  write_msr(kMsrKvmWallClock, mm::physical_of(&wall_clock_));
  write_msr(kMsrKvmSystemTime, 0);
  if (system_time_.version == 0 || system_time_.tsc_to_system_mul == 0 || wall_clock_.version == 0) return false;
  // ns = (ticks << shift) * mul >> 32
  std::uint64_t khz = (std::uint64_t{1'000'000} << 32) / system_time_.tsc_to_system_mul;
  khz = system_time_.tsc_shift < 0 ? khz << -system_time_.tsc_shift : khz >> system_time_.tsc_shift;
  tsc_khz = khz;
  tsc = system_time_.tsc_timestamp;
  realtime_ns = wall_clock_.seconds * kNanosecondsPerSecond + wall_clock_.nanoseconds + system_time_.system_time;
  return true;
}

// ---------------------------------------------------------------- a PC's clocks
// The PIT's channel 0 (Intel 8254), which counts down at 1.193182 MHz; its value is read with the counter latch
// command.
std::uint64_t measure_tsc_khz() {
  constexpr std::uint16_t kCounter0 = 0x40, kModePort = 0x43;
  constexpr std::uint8_t kRateGenerator = 0x34, kLatch = 0x00;  // channel 0, low byte then high byte, mode 2
  constexpr std::uint64_t kPitHz = 1'193'182;
  constexpr std::uint32_t kTicks = kPitHz / 50;  // 20 ms
  constexpr unsigned kMaxPolls = 1'000'000;
  const auto count = [] {
    write_port(kModePort, kLatch);
    const std::uint32_t low = read_port(kCounter0);
    return low | static_cast<std::uint32_t>(read_port(kCounter0)) << 8;
  };
  write_port(kModePort, kRateGenerator);
  write_port(kCounter0, 0);  // 65536
  write_port(kCounter0, 0);
  const std::uint32_t first = count();
  const std::uint64_t start = read_tsc();
  for (unsigned i = 0; i < kMaxPolls; ++i) {
    const std::uint32_t elapsed = (first - count()) & 0xffff;
    if (elapsed >= kTicks) return (read_tsc() - start) * kPitHz / elapsed / 1000;
    if (i == 1000 && elapsed == 0) return 0;  // there is no PIT
  }
  return 0;
}

std::uint8_t read_cmos(std::uint8_t index) {
  write_port(0x70, index);
  return read_port(0x71);
}

// Days since 1970-01-01 of a date in the Gregorian calendar.
std::uint64_t days_of(std::uint64_t year, std::uint64_t month, std::uint64_t day) {
  if (month <= 2) {
    year -= 1;
    month += 12;
  }
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day - 306 - 719'163;
}

// MC146818: seconds, minutes, hours, day, month, year; BCD unless status B says otherwise. UTC, as QEMU has it.
std::uint64_t read_cmos_realtime_ns() {
  constexpr std::uint8_t kStatusA = 0x0a, kStatusB = 0x0b, kUpdating = 0x80, kBinary = 4;
  for (unsigned i = 0; i < 10'000 && (read_cmos(kStatusA) & kUpdating); ++i) {
  }
  const bool binary = read_cmos(kStatusB) & kBinary;
  const auto field = [&](std::uint8_t index) -> std::uint64_t {
    const std::uint8_t raw = read_cmos(index);
    return binary ? raw : (raw >> 4) * 10u + (raw & 15u);
  };
  const std::uint64_t days = days_of(2000 + field(9), field(8), field(7));
  return ((days * 24 + field(4)) * 60 * 60 + field(2) * 60 + field(0)) * kNanosecondsPerSecond;
}

bool has_cmos() {
  return read_cmos(0x0d) & 0x80;  // status D: "valid RAM and time"; ports without a device read as all ones
}

// SDM vol. 2, CPUID: leaf 0x15 gives ratio and crystal.
std::uint64_t cpuid_tsc_khz() {
  if (cpuid(0).eax < 0x15) return 0;
  const CpuidResult leaf = cpuid(0x15);
  if (leaf.eax == 0) return 0;
  return std::uint64_t{leaf.ecx} * leaf.ebx / leaf.eax / 1000;
}

bool usable(std::uint64_t khz) {
  return khz >= TscConversion::kMinKhz && khz <= TscConversion::kMaxKhz;
}

}  // namespace

Problem read_clock(std::uint32_t known_khz, Clock& clock) {
  std::uint64_t khz = known_khz;
  if (khz == 0 && is_kvm() && cpuid(kHypervisorLeaf).eax >= kTscFrequencyLeaf) khz = cpuid(kTscFrequencyLeaf).eax;
  std::uint64_t kvm_khz = 0;
  std::uint64_t realtime_ns = 0;
  std::uint64_t tsc = 0;
  const bool kvm_clock = read_kvm_clock(kvm_khz, realtime_ns, tsc);
  if (!usable(khz) && kvm_clock) khz = kvm_khz;
  if (!usable(khz)) khz = cpuid_tsc_khz();
  if (!usable(khz)) khz = measure_tsc_khz();
  if (!usable(khz)) {
    return {"the TSC's frequency is unknown: no kvm-clock, no CPUID leaf, no PIT; give husk.tsc_khz=", ""};
  }
  if (!kvm_clock) {
    if (!has_cmos()) return {"the time of day is unknown: no kvm-clock and no CMOS clock", ""};
    realtime_ns = read_cmos_realtime_ns();
    tsc = read_tsc();
  }
  clock = {static_cast<std::uint32_t>(khz), tsc, realtime_ns};
  return {};
}

}  // namespace kernel::pvh
