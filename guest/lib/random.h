// The kernel's random numbers: getrandom(2), /dev/urandom, AT_RANDOM, address space layout.
//
// A fast-key-erasure generator (D. J. Bernstein, "Fast-key-erasure random-number generators", 2017) over ChaCha20:
// every request replaces the key by the first half of its first block, so that what was handed out cannot be computed
// from a later state. Seeded with the 64 bytes that the VMM takes from the host's getrandom(2) (device tree,
// /chosen/rng-seed); virtio-rng can add more. The CPU's RDRAND is not asked: whether it exists costs a CPUID exit at
// boot, and its randomness comes from the same host.
#pragma once

#include <cstddef>
#include <span>

namespace kernel {

// Never blocks and never fails. Panics if no entropy was ever added: then nothing random can be promised.
void random_bytes(std::span<std::byte> output);
// Mixes input into the key; it can add unpredictability, never take any away.
void add_entropy(std::span<const std::byte> input);

template <typename T>
T random_value() {
  T value;
  random_bytes(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

}  // namespace kernel
