// The instructions that say to profile.cc where a run begins and ends: no-operations (NOP r/m32 with a displacement; SDM vol. 2B, NOP) that no
// compiler writes.
#pragma once

#include <array>
#include <cstddef>

namespace start_cost {

inline constexpr std::size_t kMarkSize = 7;
inline constexpr std::array<unsigned char, kMarkSize> kBegin{0x0f, 0x1f, 0x80, 0x11, 0x22, 0x33, 0x44};
inline constexpr std::array<unsigned char, kMarkSize> kEnd{0x0f, 0x1f, 0x80, 0x55, 0x66, 0x77, 0x78};

inline void begin() {
  __asm__ volatile(".byte 0x0f, 0x1f, 0x80, 0x11, 0x22, 0x33, 0x44" ::: "memory");
}

inline void end() {
  __asm__ volatile(".byte 0x0f, 0x1f, 0x80, 0x55, 0x66, 0x77, 0x78" ::: "memory");
}

}  // namespace start_cost
