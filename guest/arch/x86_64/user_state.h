// What user mode may be entered with. A payload chooses instruction pointers (signal handlers, signal frames, the entry
// points of programs), flags and segment bases; the instructions that load them (IRETQ, WRFSBASE) fault in the kernel
// on what they do not accept, and IRETQ in CPL 0 accepts more than is good. So nothing that a payload chose gets to
// them unchecked: the frame in prepare_return (trap.cc), the bases in SegmentBase, which cannot be made any other way.
#pragma once

#include <cstdint>

#include "abi/husk_abi.h"
#include "lib/result.h"

namespace kernel::arch {

// What POPF can change in CPL 3, and RF: CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC, ID (SDM vol. 1, 3.4.3). IOPL, VM
// and the virtual interrupt flags are not the payload's; IF is always set in user mode.
inline constexpr std::uint64_t kUserRflags = 0x25'4dd5;
inline constexpr std::uint64_t kAlwaysRflags = 0x202;

constexpr std::uint64_t user_rflags(std::uint64_t wanted) {
  return (wanted & kUserRflags) | kAlwaysRflags;
}

// Bits 63:47 are all alike (SDM vol. 1, 3.3.7.1).
constexpr bool is_canonical(std::uint64_t address) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 16) >> 16) == address;
}

// The kernel's half is not the payload's to run in: in ring 3 its pages would even let it.
constexpr bool is_user_instruction(std::uint64_t address) {
  return address < husk::abi::kUserEnd;
}

// The base of FS or GS for user mode.
class SegmentBase {
 public:
  constexpr SegmentBase() = default;
  // As Linux refuses what lies beyond the payload's addresses (arch_prctl(2)): kPerm.
  static Result<SegmentBase> chosen(std::uint64_t address) {
    if (address >= husk::abi::kUserEnd) return Errno::kPerm;
    return SegmentBase(address);
  }
  constexpr std::uint64_t value() const { return value_; }

 private:
  // The CPU's own are canonical: CPL 3 cannot load any other with WRFSBASE.
  friend SegmentBase read_fs_base();
  friend SegmentBase read_gs_base();
  explicit constexpr SegmentBase(std::uint64_t value) : value_(value) {}

  std::uint64_t value_ = 0;
};

}  // namespace kernel::arch
