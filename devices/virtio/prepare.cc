#include "devices/virtio/prepare.h"

#include "abi/husk_abi.h"
#include "devices/virtio/features.h"
#include "devices/virtio/mmio_registers.h"

namespace husk::virtio {
namespace {

using namespace mmio;

std::uint32_t read(MmioTransport& transport, Register offset) {
  std::uint32_t value = 0;
  transport.read(offset, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void write(MmioTransport& transport, Register offset, std::uint32_t value) {
  transport.write(offset, std::as_bytes(std::span(&value, 1)));
}

void write_address(MmioTransport& transport, Register low, Register high, Gpa address) {
  write(transport, low, static_cast<std::uint32_t>(address.value));
  write(transport, high, static_cast<std::uint32_t>(address.value >> 32));
}

}  // namespace

bool prepare_device(MmioTransport& transport, std::uint64_t features, std::span<const PreparedQueue> queues) {
  features |= kFeatureVersion1;
  std::uint32_t status = kStatusAcknowledge | kStatusDriver;
  write(transport, kStatus, 0);
  write(transport, kStatus, status);
  for (std::uint32_t word = 0; word < 2; ++word) {
    write(transport, kDriverFeaturesSel, word);
    write(transport, kDriverFeatures, static_cast<std::uint32_t>(features >> (32 * word)));
  }
  status |= kStatusFeaturesOk;
  write(transport, kStatus, status);
  for (const PreparedQueue& queue : queues) {
    write(transport, kQueueSel, queue.index);
    write(transport, kQueueNum, abi::kPreparedQueueSize);
    write_address(transport, kQueueDescLow, kQueueDescHigh, queue.page + abi::kPreparedDescriptors);
    write_address(transport, kQueueDriverLow, kQueueDriverHigh, queue.page + abi::kPreparedAvailable);
    write_address(transport, kQueueDeviceLow, kQueueDeviceHigh, queue.page + abi::kPreparedUsed);
    write(transport, kQueueReady, 1);
  }
  status |= kStatusDriverOk;
  write(transport, kStatus, status);
  // A device that refused something lacks FEATURES_OK or DRIVER_OK, or wants a reset.
  if (read(transport, kStatus) == status) return true;
  write(transport, kStatus, 0);
  return false;
}

}  // namespace husk::virtio
