// The ChaCha20 block function (RFC 8439, section 2.3).
#pragma once

#include <array>
#include <cstdint>

namespace kernel {

using ChaChaKey = std::array<std::uint32_t, 8>;  // little-endian words of the 256-bit key
using ChaChaNonce = std::array<std::uint32_t, 3>;
using ChaChaBlock = std::array<std::uint32_t, 16>;  // in memory: the 64 bytes of key stream

void chacha20_block(const ChaChaKey& key, std::uint32_t counter, const ChaChaNonce& nonce, ChaChaBlock& block);

}  // namespace kernel
