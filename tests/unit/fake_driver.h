// A driver that talks to a virtio-mmio device through its registers, as a guest would, for tests of devices. Needs no
// processor and makes no checks of its own: the tests do.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "devices/virtio/features.h"
#include "devices/virtio/mmio.h"
#include "tests/unit/fake_guest.h"

namespace husk::test {

// Registers of virtio 1.2, section 4.2.2.
enum MmioRegister : std::uint64_t {
  kMagicValue = 0x000,
  kVersion = 0x004,
  kDeviceId = 0x008,
  kVendorId = 0x00c,
  kDeviceFeatures = 0x010,
  kDeviceFeaturesSel = 0x014,
  kDriverFeatures = 0x020,
  kDriverFeaturesSel = 0x024,
  kQueueSel = 0x030,
  kQueueNumMax = 0x034,
  kQueueNum = 0x038,
  kQueueReady = 0x044,
  kQueueNotify = 0x050,
  kInterruptStatus = 0x060,
  kInterruptAck = 0x064,
  kStatus = 0x070,
  kQueueDescLow = 0x080,
  kQueueDriverLow = 0x090,
  kQueueDeviceLow = 0x0a0,
  kShmLenLow = 0x0b0,
  kConfigGeneration = 0x0fc,
  kConfig = 0x100,
};

class FakeDriver {
 public:
  FakeDriver(virtio::Device& device, FakeRam& ram, EventLoop& loop)
      : transport(device, ram.memory, interrupt, loop,
                  [this](std::string_view, std::string_view what) { faults.emplace_back(what); }) {}

  std::uint32_t read(std::uint64_t offset) {
    std::uint32_t value = 0xdead'beef;
    transport.read(offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void write(std::uint64_t offset, std::uint32_t value) {
    transport.write(offset, std::as_bytes(std::span(&value, 1)));
  }
  std::uint64_t offered_features() {
    write(kDeviceFeaturesSel, 1);
    const std::uint64_t high = read(kDeviceFeatures);
    write(kDeviceFeaturesSel, 0);
    return high << 32 | read(kDeviceFeatures);
  }
  void accept_features(std::uint64_t features) {
    for (std::uint32_t word = 0; word < 2; ++word) {
      write(kDriverFeaturesSel, word);
      write(kDriverFeatures, static_cast<std::uint32_t>(features >> (32 * word)));
    }
  }
  void set_layout(std::uint32_t index, const virtio::QueueLayout& layout) {
    write(kQueueSel, index);
    write(kQueueNum, layout.size);
    const std::pair<std::uint64_t, Gpa> parts[] = {
        {kQueueDescLow, layout.descriptors}, {kQueueDriverLow, layout.available}, {kQueueDeviceLow, layout.used}};
    for (const auto& [low, address] : parts) {
      write(low, static_cast<std::uint32_t>(address.value));
      write(low + 4, static_cast<std::uint32_t>(address.value >> 32));
    }
  }
  void set_queue(std::uint32_t index, const virtio::QueueLayout& layout) {
    set_layout(index, layout);
    write(kQueueReady, 1);
  }
  // Up to FEATURES_OK.
  void negotiate(std::uint64_t features) {
    using namespace virtio;
    write(kStatus, 0);
    write(kStatus, kStatusAcknowledge);
    write(kStatus, kStatusAcknowledge | kStatusDriver);
    accept_features(features | kFeatureVersion1);
    write(kStatus, kStatusAcknowledge | kStatusDriver | kStatusFeaturesOk);
  }
  void driver_ok() { write(kStatus, read(kStatus) | virtio::kStatusDriverOk); }
  void notify(std::uint32_t queue) { write(kQueueNotify, queue); }

  CountingInterrupt interrupt;
  std::vector<std::string> faults;
  virtio::MmioTransport transport;
};

}  // namespace husk::test
