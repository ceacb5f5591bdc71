#include "lib/random.h"

#include <algorithm>
#include <cstdint>

#include "lib/chacha20.h"
#include "lib/log.h"
#include "lib/string.h"

namespace kernel {
namespace {

constinit ChaChaKey g_key = {};
constinit bool g_seeded = false;
constexpr ChaChaNonce kNonce = {};  // each key is used for one request only, so the nonce may stay the same

void replace_key(const ChaChaBlock& block) {
  std::copy_n(block.begin(), g_key.size(), g_key.begin());
}

// The compiler may drop a memset of an object that nobody reads again; this one it may not.
void wipe(ChaChaBlock& block) {
  block = {};
  asm volatile("" : : "r"(&block) : "memory");
}

}  // namespace

void random_bytes(std::span<std::byte> output) {
  if (!g_seeded) panic("random numbers were asked for before the generator was seeded");
  const ChaChaKey key = g_key;
  ChaChaBlock block;
  chacha20_block(key, 0, kNonce, block);
  replace_key(block);
  // The second half of block 0, then whole blocks.
  std::span<const std::byte> available = std::as_bytes(std::span(block)).subspan(sizeof g_key);
  for (std::uint32_t counter = 1;; ++counter) {
    const std::size_t count = std::min(available.size(), output.size());
    if (count != 0) memcpy(output.data(), available.data(), count);
    output = output.subspan(count);
    if (output.empty()) break;
    chacha20_block(key, counter, kNonce, block);
    available = std::as_bytes(std::span(block));
  }
  wipe(block);
}

void add_entropy(std::span<const std::byte> input) {
  if (input.empty()) return;
  while (!input.empty()) {
    std::span<std::byte> key_bytes = std::as_writable_bytes(std::span(g_key));
    const std::size_t count = std::min(input.size(), key_bytes.size());
    for (std::size_t i = 0; i < count; ++i) key_bytes[i] ^= input[i];
    input = input.subspan(count);
    ChaChaBlock block;
    chacha20_block(g_key, 0, kNonce, block);
    replace_key(block);
    wipe(block);
  }
  g_seeded = true;
}

}  // namespace kernel
