// The x87, SSE and (where the CPU offers them) AVX registers. The kernel's code never uses them, so a task's values
// stay in the CPU until another task gets it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::arch {

// The largest image that there is: x87, SSE, AVX, AVX-512 and PKRU, laid out as on the processors that have them all.
inline constexpr std::size_t kLargestVectorState = 2696;
// Size of a saved image in bytes, at most kLargestVectorState, and the mask of state components in it (XCR0); 0 when images are
// FXSAVE's 512 bytes.
std::size_t vector_state_size();
std::uint64_t vector_state_mask();

// `area` is 64-byte aligned, vector_state_size() bytes.
void save_vector_state(std::byte* area);
// The caller vouches for the image (see sanitise_vector_state).
void restore_vector_state(const std::byte* area);
// Puts the state of a program's start into the CPU (psABI 3.4.1): what execve gives, and a signal handler.
void reset_vector_state();
// Makes an image from an untrusted source (a signal frame) one that restoring cannot fault on.
void sanitise_vector_state(std::byte* area);

}  // namespace kernel::arch
