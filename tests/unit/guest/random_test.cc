#include "lib/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <stdexcept>
#include <vector>

#include "lib/chacha20.h"

namespace kernel {
namespace {

// RFC 8439, 2.3.2: key 00 01 02 ... 1f, nonce 00 00 00 09 00 00 00 4a 00 00 00 00, counter 1.
TEST(ChaCha20Test, Rfc8439BlockFunction) {
  const ChaChaKey key = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                         0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
  ChaChaBlock block;
  chacha20_block(key, 1, {0x09000000, 0x4a000000, 0x00000000}, block);
  const ChaChaBlock expected = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  EXPECT_EQ(block, expected);
}

// RFC 8439, A.1, test vector 1: all zero; the first words of the key stream.
TEST(ChaCha20Test, Rfc8439ZeroKey) {
  ChaChaBlock block;
  chacha20_block({}, 0, {}, block);
  const unsigned char expected[] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
                                    0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
  EXPECT_EQ(std::memcmp(block.data(), expected, sizeof expected), 0);
  // Test vector 2: counter 1.
  chacha20_block({}, 1, {}, block);
  const unsigned char next[] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a};
  EXPECT_EQ(std::memcmp(block.data(), next, sizeof next), 0);
}

// The generator is one global, so the tests that depend on its state are one.
TEST(RandomTest, NeedsASeedAndNeverRepeats) {
  std::array<std::byte, 16> early;
  EXPECT_THROW(random_bytes(early), std::runtime_error);

  add_entropy(std::as_bytes(std::span("a seed of no particular length, longer than one key")));
  std::set<std::vector<std::byte>> seen;
  for (std::size_t size : {32u, 64u, 65u, 1000u}) {
    for (int i = 0; i < 50; ++i) {
      std::vector<std::byte> bytes(size);
      random_bytes(bytes);
      // The first 16 bytes tell two requests apart; and whatever the length, it is filled to its end.
      EXPECT_TRUE(seen.insert({bytes.begin(), bytes.begin() + 16}).second);
      EXPECT_NE(std::count(bytes.end() - 16, bytes.end(), std::byte{0}), 16);
    }
  }
  EXPECT_NE(random_value<std::uint64_t>(), random_value<std::uint64_t>());
  random_bytes({});
}

TEST(RandomTest, BitsAreBalanced) {
  add_entropy(std::as_bytes(std::span("seed")));
  std::vector<std::byte> bytes(1 << 16);
  random_bytes(bytes);
  std::size_t ones = 0;
  for (std::byte b : bytes) ones += static_cast<std::size_t>(__builtin_popcount(std::to_integer<unsigned>(b)));
  const double half = static_cast<double>(bytes.size()) * 4;
  EXPECT_NEAR(static_cast<double>(ones), half, half * 0.02);  // 14 standard deviations
}

}  // namespace
}  // namespace kernel
