// The part of the guest's physical address space where devices live: page n of the window is device n. The one place
// where an address that a guest accessed becomes a device and an offset in its page.
//
// Threading: filled before the guest runs, fixed from then on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/husk_abi.h"
#include "common/address.h"
#include "devices/mmio_device.h"

namespace husk {

class MmioWindow {
 public:
  // Gives `device` the next page; returns its address. The caller knows that there is one: devices are chosen by husk,
  // not by a guest.
  Gpa add(MmioDevice& device) {
    devices_.at(count_) = &device;
    return Gpa{abi::kMmioBase + abi::kMmioStride * count_++};
  }

  // False when there is no device at `address`. An access that goes beyond a page belongs to the device that it starts
  // in, which finds that it has no such register.
  bool read(Gpa address, std::span<std::byte> data) const {
    MmioDevice* const device = at(address);
    if (device != nullptr) device->read(address.value % abi::kMmioStride, data);
    return device != nullptr;
  }
  bool write(Gpa address, std::span<const std::byte> data) const {
    MmioDevice* const device = at(address);
    if (device != nullptr) device->write(address.value % abi::kMmioStride, data);
    return device != nullptr;
  }

 private:
  MmioDevice* at(Gpa address) const {
    if (address < Gpa{abi::kMmioBase}) return nullptr;
    const std::uint64_t page = (address - Gpa{abi::kMmioBase}) / abi::kMmioStride;
    return page < count_ ? devices_[page] : nullptr;
  }

  std::array<MmioDevice*, abi::kMaxMmioDevices> devices_{};
  std::size_t count_ = 0;
};

}  // namespace husk
