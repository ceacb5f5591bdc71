// The x87, SSE and (where the CPU offers them) AVX registers. The kernel's code never uses them, so a task's values
// stay in the CPU until another task gets it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/husk_abi.h"

namespace kernel::arch {

// Where the kernel runs in CPL 0 and KVM emulates that, its instructions do not include XSAVE and XRSTOR, but the payload's native ones
// may use all the registers there are (CPUID and XGETBV tell it so, and a KVM on such hosts cannot hide it; memcpy of glibc takes YMM16): the
// VMM saves and loads them then. Images are kLargestVectorState bytes.
struct VectorDevice {
  std::uint64_t components = 0;
  void (*save)(std::byte* area) = nullptr;
  void (*load)(const std::byte* area) = nullptr;
};
void use_vector_device(const VectorDevice& device);

inline constexpr std::size_t kLargestVectorState = husk::abi::kVectorImageSize;
// Size of a saved image in bytes, at most kLargestVectorState, and the mask of state components in it (XCR0); 0 when images are
// FXSAVE's 512 bytes.
std::size_t vector_state_size();
std::uint64_t vector_state_mask();

// `area` is 64-byte aligned, kLargestVectorState bytes.
void save_vector_state(std::byte* area);
// The caller vouches for the image (see sanitise_vector_state).
void restore_vector_state(const std::byte* area);
// Puts the state of a program's start into the CPU (psABI 3.4.1): what execve gives, and a signal handler.
void reset_vector_state();
// Makes an image from an untrusted source (a signal frame) one that restoring cannot fault on.
void sanitise_vector_state(std::byte* area);

}  // namespace kernel::arch
