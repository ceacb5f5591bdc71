// The kernel's memory functions (guest/lib/memory.cc, compiled under names of their own) against the C library's: each size around the
// words that they go by, each place in a word, with other bytes on both sides.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

extern "C" {
void* kernel_memcpy(void* destination, const void* source, std::size_t size);
void* kernel_memset(void* destination, int value, std::size_t size);
void* kernel_memmove(void* destination, const void* source, std::size_t size);
int kernel_memcmp(const void* a, const void* b, std::size_t size);
void* kernel_memchr(const void* memory, int value, std::size_t size);
std::size_t kernel_strlen(const char* text);
}

namespace {

constexpr std::size_t kSizes = 40, kPlaces = 9;

// Few different bytes, among them those for which borrows and signs matter.
std::vector<std::uint8_t> some_bytes(std::size_t size, unsigned seed) {
  constexpr std::uint8_t kValues[] = {0, 1, 0x7f, 0x80, 0x81, 0xff};
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = kValues[random() % std::size(kValues)];
  return bytes;
}

int sign(int value) {
  return (value > 0) - (value < 0);
}

TEST(MemoryTest, FindsTheFirstByteAndNoneBeyondTheEnd) {
  for (std::size_t size = 0; size < kSizes; ++size) {
    for (std::size_t place = 0; place < kPlaces; ++place) {
      const std::vector<std::uint8_t> bytes =
          some_bytes(kSizes + kPlaces + 8, static_cast<unsigned>(size * 16 + place));
      for (const int value : {0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0x100, -1}) {
        EXPECT_EQ(kernel_memchr(bytes.data() + place, value, size), std::memchr(bytes.data() + place, value, size))
            << value << " in " << size << " bytes at " << place;
      }
    }
  }
}

TEST(MemoryTest, ComparesAsUnsignedBytes) {
  for (std::size_t size = 0; size < kSizes; ++size) {
    for (std::size_t place = 0; place < kPlaces; ++place) {
      std::vector<std::uint8_t> a = some_bytes(kSizes + kPlaces, static_cast<unsigned>(size));
      std::vector<std::uint8_t> b(a.size() + 1);
      std::memcpy(b.data() + 1, a.data(), a.size());
      EXPECT_EQ(kernel_memcmp(a.data() + place, b.data() + 1 + place, size), 0);
      for (std::size_t other = 0; other < size + 1; ++other) {
        b[1 + place + other] ^= 0x80;
        const int expected = other < size ? sign(std::memcmp(a.data() + place, b.data() + 1 + place, size)) : 0;
        EXPECT_EQ(sign(kernel_memcmp(a.data() + place, b.data() + 1 + place, size)), expected)
            << other << " of " << size;
        b[1 + place + other] ^= 0x80;
      }
    }
  }
}

TEST(MemoryTest, CopiesAndFillsWhatItIsToldAndNothingElse) {
  for (std::size_t size = 0; size < kSizes; ++size) {
    for (std::size_t place = 0; place < kPlaces; ++place) {
      for (std::size_t from = 0; from < kPlaces; ++from) {
        std::vector<std::uint8_t> expected = some_bytes(kSizes + kPlaces, static_cast<unsigned>(size)), seen = expected;
        std::memmove(expected.data() + place, expected.data() + from, size);
        EXPECT_EQ(kernel_memmove(seen.data() + place, seen.data() + from, size), seen.data() + place);
        EXPECT_EQ(seen, expected) << size << " bytes from " << from << " to " << place;
      }
      const std::vector<std::uint8_t> source = some_bytes(size, 1);
      std::vector<std::uint8_t> expected(kSizes + kPlaces, 0x55), seen = expected;
      std::copy(source.begin(), source.end(), expected.begin() + static_cast<std::ptrdiff_t>(place));
      kernel_memcpy(seen.data() + place, source.data(), size);
      EXPECT_EQ(seen, expected);
      std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(place), size, 0xee);
      kernel_memset(seen.data() + place, 0x1ee, size);
      EXPECT_EQ(seen, expected);
    }
  }
}

TEST(MemoryTest, TextEndsAtItsZero) {
  EXPECT_EQ(kernel_strlen(""), 0u);
  EXPECT_EQ(kernel_strlen("a text that is longer than two words"), std::strlen("a text that is longer than two words"));
}

}  // namespace
