#include "vmm/image/crc32c.h"

#include <array>

namespace husk::image {
namespace {

// Four bytes at a time ("slicing"): a superblock is checked at every start, and byte by byte that takes three times as
// long.
constexpr std::size_t kSlices = 4;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F6'3B78u : 0);
    tables[0][byte] = value;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t value = tables[slice - 1][byte];
      tables[slice][byte] = (value >> 8) ^ tables[0][value & 255];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint32_t crc32c(std::uint32_t seed, std::span<const std::byte> bytes) {
  std::uint32_t crc = seed;
  const auto at = [&bytes](std::size_t index) { return static_cast<std::uint32_t>(bytes[index]); };
  while (bytes.size() >= kSlices) {
    crc ^= at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24;
    crc = kTables[3][crc & 255] ^ kTables[2][(crc >> 8) & 255] ^ kTables[1][(crc >> 16) & 255] ^ kTables[0][crc >> 24];
    bytes = bytes.subspan(kSlices);
  }
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint32_t>(byte)) & 255];
  return crc;
}

}  // namespace husk::image
