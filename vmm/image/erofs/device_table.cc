#include "vmm/image/erofs/device_table.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace husk::image::erofs {
namespace {

constexpr std::uint64_t kBlockNumbers = std::uint64_t{1} << 32;

}  // namespace

bool place_devices(std::span<Device> devices, std::uint64_t blocks) {
  std::uint64_t next = blocks;
  for (Device& device : devices) {
    const std::uint64_t alignment = device.blocks >= kDeviceAlignment ? kDeviceAlignment : 1;
    device.first_block = (next + alignment - 1) / alignment * alignment;
    next = device.first_block + device.blocks;
    if (next >= kBlockNumbers) return false;
  }
  return true;
}

std::string encode_devices(std::span<const Device> devices) {
  std::string table;
  for (const Device& device : devices) {
    DeviceSlot slot{};
    const std::string tag = cache::to_hex(device.tag);
    std::memcpy(slot.tag, tag.data(), std::min(tag.size(), sizeof slot.tag));
    std::ranges::copy(device.contents, slot.contents);
    slot.blocks = static_cast<std::uint32_t>(device.blocks);
    slot.first_block = static_cast<std::uint32_t>(device.first_block);
    table.append(reinterpret_cast<const char*>(&slot), sizeof slot);
  }
  return table;
}

std::optional<std::vector<Device>> decode_devices(std::span<const std::byte> table, std::uint64_t blocks) {
  std::vector<Device> devices;
  std::uint64_t next = blocks;
  for (; table.size() >= sizeof(DeviceSlot); table = table.subspan(sizeof(DeviceSlot))) {
    DeviceSlot slot;
    std::memcpy(&slot, table.data(), sizeof slot);
    const std::optional<cache::Digest> tag =
        cache::from_hex(std::string_view(reinterpret_cast<const char*>(slot.tag), sizeof slot.tag));
    if (!tag || slot.blocks == 0 || slot.first_block < next) return std::nullopt;
    next = std::uint64_t{slot.first_block} + slot.blocks;
    if (next >= kBlockNumbers) return std::nullopt;
    Device& device = devices.emplace_back();
    device = {.tag = *tag, .contents = {}, .first_block = slot.first_block, .blocks = slot.blocks};
    std::ranges::copy(slot.contents, device.contents.begin());
  }
  return devices;
}

}  // namespace husk::image::erofs
