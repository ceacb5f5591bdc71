#include "drivers/virtio_mmio.h"

#include "drivers/mmio.h"
#include "lib/log.h"
#include "mm/address.h"

namespace kernel::drivers {
namespace {

// Offsets of registers: virtio 1.2, section 4.2.2.
constexpr std::uint64_t kDeviceId = 0x008;
constexpr std::uint64_t kDeviceFeatures = 0x010;
constexpr std::uint64_t kDeviceFeaturesSel = 0x014;
constexpr std::uint64_t kDriverFeatures = 0x020;
constexpr std::uint64_t kDriverFeaturesSel = 0x024;
constexpr std::uint64_t kQueueSel = 0x030;
constexpr std::uint64_t kQueueNumMax = 0x034;
constexpr std::uint64_t kQueueNum = 0x038;
constexpr std::uint64_t kQueueReady = 0x044;
constexpr std::uint64_t kQueueNotify = 0x050;
constexpr std::uint64_t kInterruptAck = 0x064;
constexpr std::uint64_t kStatus = 0x070;
constexpr std::uint64_t kQueueDescLow = 0x080;
constexpr std::uint64_t kQueueDriverLow = 0x090;
constexpr std::uint64_t kQueueDeviceLow = 0x0a0;
constexpr std::uint64_t kHighHalf = 4;  // from each ...Low to its ...High

constexpr std::uint32_t kStatusAcknowledge = 1;
constexpr std::uint32_t kStatusDriver = 2;
constexpr std::uint32_t kStatusDriverOk = 4;
constexpr std::uint32_t kStatusFeaturesOk = 8;
constexpr std::uint32_t kStatusFailed = 128;

constexpr std::uint64_t kFeatureVersion1 = std::uint64_t{1} << 32;

void write_address(std::uint64_t low_register, std::uint64_t address) {
  write_register(low_register, static_cast<std::uint32_t>(address));
  // The high half is 0 after the reset in every device that we know of; writing it again would cost an exit.
  if (address >> 32 != 0) write_register(low_register + kHighHalf, static_cast<std::uint32_t>(address >> 32));
}

}  // namespace

Result<std::uint64_t> VirtioMmio::negotiate(const DeviceDescription& device, std::uint32_t type,
                                            std::uint64_t features) {
  adopt(device);
  features |= kFeatureVersion1;
  // MagicValue and Version are not read: the device tree says that this is virtio-mmio, and only version 2 devices
  // offer VIRTIO_F_VERSION_1.
  if (const std::uint32_t found = read_register(base_ + kDeviceId); found != type) {
    log(LogLevel::kError, "virtio device at {x}: type {} instead of {}", base_, found, type);
    return Errno::kNoDev;
  }
  write_register(base_ + kStatus, 0);
  status_ = kStatusAcknowledge | kStatusDriver;
  write_register(base_ + kStatus, status_);

  std::uint64_t accepted = 0;
  for (std::uint32_t word = 0; word < 2; ++word) {
    const auto wanted = static_cast<std::uint32_t>(features >> (32 * word));
    if (wanted == 0) continue;  // reset has left this half of the driver's features 0
    write_register(base_ + kDeviceFeaturesSel, word);
    const std::uint32_t offered = read_register(base_ + kDeviceFeatures);
    accepted |= std::uint64_t{offered & wanted} << (32 * word);
    write_register(base_ + kDriverFeaturesSel, word);
    write_register(base_ + kDriverFeatures, offered & wanted);
  }
  if (!(accepted & kFeatureVersion1)) {
    log(LogLevel::kError, "virtio device at {x}: it is of the legacy kind", base_);
    write_register(base_ + kStatus, status_ | kStatusFailed);
    return Errno::kNoDev;
  }
  status_ |= kStatusFeaturesOk;
  write_register(base_ + kStatus, status_);
  if (!(read_register(base_ + kStatus) & kStatusFeaturesOk)) {
    log(LogLevel::kError, "virtio device at {x}: refuses the features {x}", base_, accepted);
    write_register(base_ + kStatus, status_ | kStatusFailed);
    return Errno::kNoDev;
  }
  return accepted;
}

bool VirtioMmio::has_queue(std::uint32_t index) {
  write_register(base_ + kQueueSel, index);
  return read_register(base_ + kQueueNumMax) != 0;
}

Result<std::uint16_t> VirtioMmio::select_queue(std::uint32_t index, std::uint16_t wanted, std::uint16_t least) {
  write_register(base_ + kQueueSel, index);
  const std::uint32_t maximum = read_register(base_ + kQueueNumMax);
  const std::uint16_t size = VirtQueue::negotiated_size(maximum, wanted);
  if (size < least) {
    log(LogLevel::kError, "virtio device at {x}: queue {} has room for {} descriptors only", base_, index, maximum);
    write_register(base_ + kStatus, status_ | kStatusFailed);
    return Errno::kNoDev;
  }
  return size;
}

void VirtioMmio::enable_queue(const VirtQueue& queue) {
  const std::uint64_t page = mm::physical_of(queue.page());
  const VirtQueue::Layout parts = VirtQueue::layout(queue.size());
  write_register(base_ + kQueueNum, queue.size());
  write_address(base_ + kQueueDescLow, page);
  write_address(base_ + kQueueDriverLow, page + parts.available);
  write_address(base_ + kQueueDeviceLow, page + parts.used);
  write_register(base_ + kQueueReady, 1);
}

void VirtioMmio::start() {
  status_ |= kStatusDriverOk;
  write_register(base_ + kStatus, status_);
}

void VirtioMmio::acknowledge_interrupt() {
  constexpr std::uint32_t kUsedBuffer = 1, kConfiguration = 2;  // bits of InterruptStatus
  if (acknowledge_) write_register(base_ + kInterruptAck, kUsedBuffer | kConfiguration);
}

void VirtioMmio::notify(std::uint32_t index) {
  write_register(base_ + kQueueNotify, index);
}

}  // namespace kernel::drivers
