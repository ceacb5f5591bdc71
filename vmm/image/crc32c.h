// CRC-32C (Castagnoli), as EROFS has it over its superblock: reflected, no final inversion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace husk::image {

std::uint32_t crc32c(std::uint32_t seed, std::span<const std::byte> bytes);

}  // namespace husk::image
