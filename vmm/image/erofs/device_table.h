// An image over several devices: its own blocks, then those of other images, each from the block on that its table says. Linux
// finds a file's blocks by that number alone (erofs_map_dev() in fs/erofs/data.c), so the file's inode needs to say no device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/cache/sha256.h"
#include "vmm/image/erofs/format.h"

namespace husk::image::erofs {

struct Device {
  cache::Digest tag{};  // what it is called: the layer's diff id
  // Of the image that it is, as image_file.h has it. An index says where in a layer contents lie, and another image of the same
  // layer has them elsewhere.
  cache::Digest contents{};
  std::uint64_t first_block = 0;  // in the image's space of block numbers
  std::uint64_t blocks = 0;
};

// One of 2 MiB or more begins at a multiple of that: the host's page cache may have it in pages of that size, and can map them
// only there. Smaller ones lie close together, or each would cost a VM page tables of its own.
inline constexpr std::uint64_t kDeviceAlignment = (std::uint64_t{2} << 20) / kBlock;
inline constexpr std::size_t kMaxDevices = 512;  // the layers of an image (vmm/oci/limits.h)

// Gives them their places, in their order behind `blocks` of the image itself. False if a block number would not have 32 bits.
bool place_devices(std::span<Device> devices, std::uint64_t blocks);

// The table's bytes, a multiple of kDeviceSlot.
std::string encode_devices(std::span<const Device> devices);

// Nothing if it is not as encode_devices() writes it, or its devices are not in order behind `blocks` and apart from each other.
std::optional<std::vector<Device>> decode_devices(std::span<const std::byte> table, std::uint64_t blocks);

}  // namespace husk::image::erofs
