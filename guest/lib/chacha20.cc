#include "lib/chacha20.h"

#include <bit>
#include <cstddef>

namespace kernel {
namespace {

void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

}  // namespace

void chacha20_block(const ChaChaKey& key, std::uint32_t counter, const ChaChaNonce& nonce, ChaChaBlock& block) {
  // "expand 32-byte k", the key, the counter, the nonce.
  const ChaChaBlock input = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0],  key[1],   key[2],   key[3],
                             key[4],     key[5],     key[6],     key[7],     counter, nonce[0], nonce[1], nonce[2]};
  ChaChaBlock x = input;
  for (int round = 0; round < 20; round += 2) {
    quarter_round(x[0], x[4], x[8], x[12]);  // columns
    quarter_round(x[1], x[5], x[9], x[13]);
    quarter_round(x[2], x[6], x[10], x[14]);
    quarter_round(x[3], x[7], x[11], x[15]);
    quarter_round(x[0], x[5], x[10], x[15]);  // diagonals
    quarter_round(x[1], x[6], x[11], x[12]);
    quarter_round(x[2], x[7], x[8], x[13]);
    quarter_round(x[3], x[4], x[9], x[14]);
  }
  for (std::size_t i = 0; i < x.size(); ++i) block[i] = x[i] + input[i];
}

}  // namespace kernel
