#include "arch/x86_64/vector_state.h"

#include "abi/husk_abi.h"
#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/per_cpu.h"
#include "lib/string.h"

namespace kernel::arch {
namespace {

constexpr std::size_t kFxsaveSize = 512;
constexpr std::size_t kXsaveHeader = 512;  // offset of XSTATE_BV, XCOMP_BV and 48 reserved bytes
constexpr std::size_t kMinimalXsaveSize = 576;

struct Geometry {
  bool known = false;
  std::uint64_t mask = 0;
  std::size_t size = kFxsaveSize;
};
constinit Geometry geometry_;
constinit const VectorDevice* device_ = nullptr;
alignas(64) constinit std::byte scratch_area_[kLargestVectorState] = {};

// Found out at the first use, not at boot: CPUID is an exit (30 us here), and a payload of one task never switches.
const Geometry& geometry() {
  if (geometry_.known) return geometry_;
  geometry_.known = true;
  constexpr std::uint32_t kOsxsave = 1u << 27;
  if (device_) {
    geometry_.mask = device_->components & husk::abi::kVectorComponents;
  } else if (cpuid(1, 0).ecx & kOsxsave) {
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    // What CPUID offers, and only that: a host that shows its own XCR0 may have more enabled than this VM was given.
    const CpuidResult offered = cpuid(0xd, 0);
    geometry_.mask = ((std::uint64_t{high} << 32) | low) & ((std::uint64_t{offered.edx} << 32) | offered.eax) &
                     husk::abi::kVectorComponents;
  }
  if (geometry_.mask != 0) {
    geometry_.size = kMinimalXsaveSize;
    for (std::uint32_t component = 2; component < 64; ++component) {
      if (!(geometry_.mask >> component & 1)) continue;
      const CpuidResult layout = cpuid(0xd, component);  // EAX: size, EBX: offset
      const std::size_t end = std::size_t{layout.eax} + layout.ebx;
      // What lies further out than on any processor known is not for this kernel.
      if (end > kLargestVectorState) {
        geometry_.mask &= ~(std::uint64_t{1} << component);
      } else if (end > geometry_.size) {
        geometry_.size = end;
      }
    }
  }
  return geometry_;
}

std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace

void use_vector_device(const VectorDevice& device) {
  device_ = &device;
}
std::size_t vector_state_size() {
  return geometry().size;
}
std::uint64_t vector_state_mask() {
  return geometry().mask;
}

void save_vector_state(std::byte* area) {
  const std::uint64_t mask = geometry().mask;
  if (device_) {
    device_->save(area);
  } else if (mask) {
    asm volatile("xsave64 (%0)" ::"r"(area), "a"(low(mask)), "d"(high(mask)) : "memory");
  } else {
    asm volatile("fxsave64 (%0)" ::"r"(area) : "memory");
  }
}

void restore_vector_state(const std::byte* area) {
  const std::uint64_t mask = geometry().mask;
  if (device_) {
    device_->load(area);
  } else if (mask) {
    asm volatile("xrstor64 (%0)" ::"r"(area), "a"(low(mask)), "d"(high(mask)) : "memory");
  } else {
    asm volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
  }
}

void reset_vector_state() {
  std::byte* area = scratch_area_;
  memset(area, 0, vector_state_size());
  const std::uint16_t control_word = 0x37f;
  const std::uint32_t mxcsr = 0x1f80;
  memcpy(area, &control_word, sizeof control_word);
  memcpy(area + 24, &mxcsr, sizeof mxcsr);
  restore_vector_state(area);
}

void sanitise_vector_state(std::byte* area) {
  // FXRSTOR and XRSTOR fault on reserved MXCSR bits; XRSTOR also on unknown components and reserved header bytes.
  std::uint32_t mxcsr;
  memcpy(&mxcsr, area + 24, sizeof mxcsr);
  mxcsr &= 0xffff;
  memcpy(area + 24, &mxcsr, sizeof mxcsr);
  if (const std::uint64_t mask = vector_state_mask()) {
    std::uint64_t header[8];
    memcpy(header, area + kXsaveHeader, sizeof header);
    header[0] &= mask;
    for (int i = 1; i < 8; ++i) header[i] = 0;
    memcpy(area + kXsaveHeader, header, sizeof header);
  }
}

}  // namespace kernel::arch
